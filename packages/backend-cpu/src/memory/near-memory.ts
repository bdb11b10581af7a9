// A second memory, of 32-bit addresses, for the scratch of inner loops. V8 fuses SIMD operations to 256 bits only where they load and store
// by 32-bit addresses in a module's first memory (docs/decisions/2026-11-24-address-type-and-256-bits.md): a backend whose memory has
// 64-bit addresses gives kernels this one besides.
import { AttuneError } from "@attune/spec";
import { type MemoryImport, ModuleBuilder } from "@attune/tensor-core/wasm";
import { createHeap, type Heap, narrowPages } from "./heap.ts";

/** How modules import it. */
export const nearMemoryImport: MemoryImport = {
  module: "env",
  name: "near",
  minPages: 1,
  maxPages: narrowPages,
};

/** A heap of near memory; undefined on an engine that has no modules of several memories, or where the system reserves no addresses. */
export function createNearHeap(): Heap | undefined {
  if (!supportsNearMemory()) return undefined;
  try {
    return createHeap(narrowPages);
  } catch (cause) {
    if (cause instanceof AttuneError && cause.code === "MEMORY_EXCEEDED") return undefined;
    throw cause;
  }
}

/** Whether this engine has modules of a memory of 64-bit addresses and a near one. */
export function supportsNearMemory(): boolean {
  const memory = { ...nearMemoryImport, name: "memory" };
  const features = { addressType: "i64", nearMemory: true, relaxedSimd: false } as const;
  return WebAssembly.validate(new ModuleBuilder(features, memory, [], nearMemoryImport).encode());
}
