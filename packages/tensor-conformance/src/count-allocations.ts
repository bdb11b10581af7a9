import type { Allocation, Backend } from "@attune/tensor-core";

/** A backend that counts what it hands out. */
export interface CountedBackend extends Backend {
  /** Allocations made since the start. */
  allocations(): number;
  /** Bytes handed out and not freed. */
  heldBytes(): number;
}

/** Wraps a backend to count allocations and the bytes that are held. */
export function countAllocations(backend: Backend): CountedBackend {
  const held = new Set<Allocation>();
  let made = 0;
  return {
    kind: backend.kind,
    specificationVersion: backend.specificationVersion,
    id: backend.id,
    capabilities: backend.capabilities,
    kernels: backend.kernels,
    interprets: backend.interprets,
    async allocate(role, bytes) {
      const allocation = await backend.allocate(role, bytes);
      made++;
      held.add(allocation);
      return allocation;
    },
    free(allocation) {
      held.delete(allocation);
      backend.free(allocation);
    },
    write: (allocation, offset, bytes) => backend.write(allocation, offset, bytes),
    read: (allocation, offset, bytes) => backend.read(allocation, offset, bytes),
    compile: (plan) => backend.compile(plan),
    dispose: () => backend.dispose(),
    allocations: () => made,
    heldBytes: () => [...held].reduce((total, { bytes }) => total + bytes, 0),
  };
}
