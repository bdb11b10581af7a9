// First-fit allocation on one growing, shared WebAssembly.Memory. Freed ranges are merged with their neighbours.
import { AttuneError } from "@attune/spec";
import type { AddressType } from "@attune/tensor-core/wasm";

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
  /** How wide addresses of the memory are: 64 bits where it may be larger than 4 GiB. */
  readonly addressType: AddressType;
  /** Zero-filled bytes. @throws AttuneError `MEMORY_EXCEEDED` */
  allocate(bytes: number): HeapRange;
  free(range: HeapRange): void;
  /** Bytes handed out, rounding included. */
  used(): number;
  /** A view of bytes; taken anew after every growth. */
  bytes(offset: number, length: number): Uint8Array<SharedArrayBuffer>;
}

/** Pages that a 32-bit memory may have. */
export const narrowPages = 65536;

/**
 * A heap over a new shared memory of at most `maxPages`.
 *
 * @throws AttuneError `DEVICE_UNAVAILABLE` for more than 4 GiB on an engine without 64-bit memories, `MEMORY_EXCEEDED` where the system
 * reserves no addresses
 */
export function createHeap(maxPages: number): Heap {
  const addressType = maxPages > narrowPages ? "i64" : "i32";
  const memory = addressType === "i64" ? createWideMemory(maxPages) : createNarrowMemory(maxPages);
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
    if (missing > 0) grow({ memory, addressType }, missing, maxPages, bytes, used);
    if (start < end) {
      gaps.pop();
      view(start, end - start).fill(0);
    }
    end = start + bytes;
    return { offset: start, bytes };
  };

  return {
    memory,
    addressType,
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

function createNarrowMemory(maximum: number): WebAssembly.Memory {
  return reserve({ initial: 1, maximum, shared: true }, maximum);
}

function createWideMemory(maximum: number): WebAssembly.Memory {
  const descriptor: object = { address: "i64", initial: 1n, maximum: BigInt(maximum), shared: true };
  try {
    return reserve(descriptor as WebAssembly.MemoryDescriptor, maximum);
  } catch (cause) {
    if (cause instanceof AttuneError) throw cause;
    throw new AttuneError(
      "DEVICE_UNAVAILABLE",
      "This engine has no 64-bit WebAssembly memories, which more than 4 GiB need.",
      {
        hint: "Use Node 24 or later, or let the CPU backend hold at most 4 GiB.",
        cause,
      },
    );
  }
}

/** A new memory. A RangeError is the system's refusal of addresses, any other error the engine's of the descriptor. */
function reserve(descriptor: WebAssembly.MemoryDescriptor, maxPages: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory(descriptor);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new AttuneError(
      "MEMORY_EXCEEDED",
      `The system reserves no ${maxPages * pageBytes} bytes of addresses for the CPU backend.`,
      { hint: "Raise the limit of this process's address space (ulimit -v), or allow the backend less memory.", cause },
    );
  }
}

function grow(
  { memory, addressType }: Pick<Heap, "memory" | "addressType">,
  pages: number,
  maxPages: number,
  bytes: number,
  used: number,
): void {
  try {
    memory.grow((addressType === "i64" ? BigInt(pages) : pages) as number);
  } catch (cause) {
    const limit = maxPages * pageBytes;
    const refused = memory.buffer.byteLength + pages * pageBytes <= limit;
    throw new AttuneError(
      "MEMORY_EXCEEDED",
      `The CPU backend needs ${bytes} bytes more, holds ${used} and ${refused ? `may hold ${limit}, but the system gives it no more` : `may hold ${limit}`}.`,
      {
        hint: refused
          ? "Use a smaller batch, a shorter sequence or recomputation, or give this process more memory."
          : "Use a smaller batch, a shorter sequence or recomputation, or allow the backend more memory: --memory, or the option maxBytes.",
        cause,
      },
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
