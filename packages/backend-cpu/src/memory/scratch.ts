// Memory that kernels compute in and that holds nothing between two runs. It grows to what the largest plan asks for.
import type { Heap, HeapRange } from "./heap.ts";

/** Bytes of a plan's scratch: of each thread, of all threads together, and of each thread at near addresses. */
export interface ScratchBytes {
  readonly scratchBytes: number;
  readonly sharedBytes: number;
  readonly nearBytes: number;
}

/** Where a thread has its own scratch. */
export interface ThreadScratch {
  readonly scratch: number;
  readonly near: number;
}

/** The scratch of a backend. */
export interface Scratch {
  /** Addresses of at least so many bytes, for each thread and for all together. @throws AttuneError `MEMORY_EXCEEDED` */
  reserve(bytes: ScratchBytes): { readonly threads: readonly ThreadScratch[]; readonly shared: number };
}

export interface ScratchOptions {
  readonly heap: Heap;
  /** Where near scratch is; may be the same. */
  readonly nearHeap: Heap;
  readonly threads: number;
}

/** No bytes yet. */
export function createScratch({ heap, nearHeap, threads }: ScratchOptions): Scratch {
  const own = createRanges(heap, threads);
  const near = createRanges(nearHeap, threads);
  const shared = createRanges(heap, 1);
  return {
    reserve({ scratchBytes, sharedBytes, nearBytes }) {
      const [scratches, nears] = [own(scratchBytes), near(nearBytes)];
      return {
        threads: scratches.map((scratch, thread) => ({ scratch, near: nears[thread]! })),
        shared: shared(sharedBytes)[0]!,
      };
    },
  };
}

/** Ranges that are replaced where more bytes are asked for than they have; the addresses of as many as `count`. */
function createRanges(heap: Heap, count: number): (bytes: number) => readonly number[] {
  let ranges: HeapRange[] = [];
  return (bytes) => {
    if ((ranges[0]?.bytes ?? -1) < bytes) {
      for (const range of ranges) heap.free(range);
      ranges = [];
      for (let index = 0; index < count; index++) ranges.push(heap.allocate(bytes));
    }
    return ranges.map(({ offset }) => offset);
  };
}
