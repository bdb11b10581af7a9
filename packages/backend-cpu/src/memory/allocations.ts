// The allocations of a backend are ranges of its heap.
import type { Allocation, Backend } from "@attune/tensor-core";
import type { Heap, HeapRange } from "./heap.ts";

interface HeapAllocation extends Allocation {
  readonly range: HeapRange;
}

/** What a backend does with memory, done on a heap. */
export function createAllocations(
  heap: Heap,
): Required<Pick<Backend, "allocate" | "free" | "write" | "read" | "view">> {
  const view = (allocation: Allocation, offset: number, bytes: number): Uint8Array<SharedArrayBuffer> =>
    heap.bytes(addressOf(allocation) + offset, bytes);
  return {
    async allocate(role, bytes): Promise<HeapAllocation> {
      return { role, bytes, range: heap.allocate(bytes) };
    },
    free: (allocation) => heap.free((allocation as HeapAllocation).range),
    async write(allocation, offset, bytes) {
      view(allocation, offset, bytes.byteLength).set(bytes);
    },
    read: async (allocation, offset, bytes) => new Uint8Array(view(allocation, offset, bytes)),
    view,
  };
}

/** Where an allocation starts in the memory. */
export function addressOf(allocation: Allocation): number {
  return (allocation as HeapAllocation).range.offset;
}
