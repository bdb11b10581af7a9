import type { Allocation, Backend } from "@attune/tensor-core";

/** Holds bytes, which the host sees or not, and runs nothing: enough of a backend for weights and State. */
export function memoryBackend({ seen = false } = {}): Backend {
  const bytesOf = new Map<Allocation, Uint8Array>();
  return {
    kind: "backend",
    specificationVersion: 1,
    id: "memory",
    capabilities: {
      alignment: 4,
      maxBindingBytes: 2 ** 40,
      maxBindings: 1000,
      maxAllocationBytes: 2 ** 40,
      inPlace: true,
      features: new Set(),
    },
    kernels: [],
    interprets: true,
    async allocate(role, bytes) {
      const allocation = { role, bytes };
      bytesOf.set(allocation, new Uint8Array(bytes));
      return allocation;
    },
    free: (allocation) => void bytesOf.delete(allocation),
    async write(allocation, offset, bytes) {
      bytesOf.get(allocation)!.set(bytes, offset);
    },
    read: async (allocation, offset, bytes) => bytesOf.get(allocation)!.slice(offset, offset + bytes),
    ...(seen ? { view: (allocation, offset, bytes) => bytesOf.get(allocation)!.subarray(offset, offset + bytes) } : {}),
    async compile() {
      throw new Error("this backend only holds bytes");
    },
    async dispose() {},
  };
}
