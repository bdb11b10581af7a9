// First-fit allocation on one growing, shared WebAssembly.Memory. Freed ranges are merged with their neighbours.
import { AttuneError } from "@attune/spec";

/** Bytes of a WebAssembly page. */
export const pageBytes = 65536;

/** Every range starts at a multiple of this, the length of a cache line. */
export const heapAlignment = 64;

/** Kernels may read this many bytes past a range. */
const slack = 64;

export interface HeapRange {
  readonly offset: number;
  readonly bytes: number;
}

/** Ranges of one memory. */
export interface Heap {
  readonly memory: WebAssembly.Memory;
  /** Zero-filled bytes. @throws AttuneError `MEMORY_EXCEEDED` */
  allocate(bytes: number): HeapRange;
  free(range: HeapRange): void;
  /** Bytes handed out, rounding included. */
  used(): number;
  /** A view of bytes; taken anew after every growth. */
  bytes(offset: number, length: number): Uint8Array<SharedArrayBuffer>;
}

/** A heap over a new shared memory of at most `maximumPages`. */
export function createHeap(maximumPages: number): Heap {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: maximumPages, shared: true });
  // The first range is kept free, so that no tensor has address 0.
  let end = heapAlignment;
  let used = 0;
  let gaps: HeapRange[] = [];
  const view = (offset: number, length: number): Uint8Array<SharedArrayBuffer> =>
    new Uint8Array(memory.buffer as unknown as SharedArrayBuffer, offset, length);

  const extend = (bytes: number): HeapRange => {
    const last = gaps.at(-1);
    const start = last && last.offset + last.bytes === end ? last.offset : end;
    const missing = Math.ceil((start + bytes + slack - memory.buffer.byteLength) / pageBytes);
    if (missing > 0) grow(memory, missing, maximumPages, bytes, used);
    if (start < end) {
      gaps.pop();
      view(start, end - start).fill(0);
    }
    end = start + bytes;
    return { offset: start, bytes };
  };

  return {
    memory,
    allocate(requested) {
      const bytes = Math.ceil(Math.max(requested, 1) / heapAlignment) * heapAlignment;
      const index = gaps.findIndex((gap) => gap.bytes >= bytes);
      if (index === -1) {
        const range = extend(bytes);
        used += bytes;
        return range;
      }
      used += bytes;
      const gap = gaps[index]!;
      const rest = { offset: gap.offset + bytes, bytes: gap.bytes - bytes };
      gaps.splice(index, 1, ...(rest.bytes > 0 ? [rest] : []));
      view(gap.offset, bytes).fill(0);
      return { offset: gap.offset, bytes };
    },
    free(range) {
      used -= range.bytes;
      gaps = merge([...gaps, range]);
    },
    used: () => used,
    bytes: view,
  };
}

function grow(memory: WebAssembly.Memory, pages: number, maximumPages: number, bytes: number, used: number): void {
  try {
    memory.grow(pages);
  } catch (cause) {
    const limit = maximumPages * pageBytes;
    throw new AttuneError(
      "MEMORY_EXCEEDED",
      `The CPU backend needs ${bytes} bytes more, holds ${used} and may hold ${limit}.`,
      { hint: "Use a smaller batch, a shorter sequence or recomputation, or allow the backend more memory.", cause },
    );
  }
}

function merge(ranges: readonly HeapRange[]): HeapRange[] {
  const merged: { offset: number; bytes: number }[] = [];
  for (const range of [...ranges].sort((a, b) => a.offset - b.offset)) {
    const last = merged.at(-1);
    if (last && last.offset + last.bytes === range.offset) last.bytes += range.bytes;
    else merged.push({ ...range });
  }
  return merged;
}
