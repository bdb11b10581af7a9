// Allocations as plain bytes, with a record of which bytes were written. Arena and staging hold nothing from one run to the
// next, so their bytes count as never written until a dispatch or the host writes them, and read as a NaN that no kernel makes.
import { AttuneError } from "@attune/spec";
import type { Address, Allocation, Backend, MemoryRole } from "@attune/tensor-core";

/** A quiet NaN with a payload that shows where it came from. */
const poisonBits = 0x7fc0dead;

/** An allocation whose writes are recorded. */
export interface StrictAllocation extends Allocation {
  readonly data: Uint8Array;
  /** One flag a 32-bit word: 1 where something was written. */
  readonly written: Uint8Array;
  freed: boolean;
}

/** True for memory whose contents do not outlive a run. */
export function isTransient(role: MemoryRole): boolean {
  return role === "arena" || role === "staging";
}

/** Largest allocation, and all of them together, in bytes. */
export interface MemoryLimits {
  readonly maxAllocationBytes: number;
  readonly maxBytes: number;
}

/** What a backend does with memory. @throws AttuneError `MEMORY_EXCEEDED` beyond the limits, `INTERNAL` for bytes that are no multiple of 4 */
export function createStrictMemory({
  maxAllocationBytes,
  maxBytes,
}: MemoryLimits): Pick<Backend, "allocate" | "free" | "write" | "read"> {
  let held = 0;
  return {
    async allocate(role, bytes) {
      if (!Number.isInteger(bytes) || bytes <= 0 || bytes % 4 !== 0) {
        throw new AttuneError(
          "INTERNAL",
          `An allocation has a positive multiple of 4 bytes, got ${bytes} for ${role}.`,
        );
      }
      if (bytes > maxAllocationBytes || held + bytes > maxBytes) {
        throw new AttuneError(
          "MEMORY_EXCEEDED",
          `${bytes} bytes for ${role} were asked for; one allocation has at most ${maxAllocationBytes}, and ${maxBytes - held} are left.`,
        );
      }
      held += bytes;
      return createAllocation(role, bytes);
    },
    free(allocation) {
      const strict = strictAllocation(allocation);
      strict.freed = true;
      held -= strict.bytes;
    },
    async write(allocation, offset, bytes) {
      const strict = strictAllocation(allocation, { offset, bytes: bytes.byteLength });
      strict.data.set(bytes, offset);
      markWritten(strict, offset, bytes.byteLength);
    },
    async read(allocation, offset, bytes) {
      return strictAllocation(allocation, { offset, bytes }).data.slice(offset, offset + bytes);
    },
  };
}

/** Fresh bytes: zeros, or poison where contents do not outlive a run. */
function createAllocation(role: MemoryRole, bytes: number): StrictAllocation {
  const words = Math.ceil(bytes / 4);
  const allocation: StrictAllocation = {
    role,
    bytes,
    data: new Uint8Array(words * 4),
    written: new Uint8Array(words).fill(isTransient(role) ? 0 : 1),
    freed: false,
  };
  if (isTransient(role)) poison(allocation);
  return allocation;
}

/** Forgets the contents. */
export function poison(allocation: StrictAllocation): void {
  new Uint32Array(allocation.data.buffer).fill(poisonBits);
  allocation.written.fill(0);
}

/** Notes that a range was written. */
export function markWritten({ written }: StrictAllocation, offset: number, bytes: number): void {
  written.fill(1, Math.floor(offset / 4), Math.ceil((offset + bytes) / 4));
}

/** Offset of the first word in a range that was never written, undefined if all were. */
export function firstUnwritten(
  { written }: StrictAllocation,
  { offset, bytes }: Pick<Address, "offset" | "bytes">,
): number | undefined {
  const start = Math.floor(offset / 4);
  const index = written.subarray(start, Math.ceil((offset + bytes) / 4)).indexOf(0);
  return index === -1 ? undefined : (start + index) * 4;
}

/** The allocation behind the interface. @throws AttuneError `INTERNAL` if it was freed, or lies outside the range */
export function strictAllocation(
  allocation: Allocation,
  range?: { readonly offset: number; readonly bytes: number },
): StrictAllocation {
  const strict = allocation as StrictAllocation;
  if (strict.freed)
    throw new AttuneError(
      "INTERNAL",
      `An allocation of ${strict.bytes} bytes for ${strict.role} was used after it was freed.`,
    );
  if (range && (range.offset < 0 || range.offset + range.bytes > strict.data.byteLength)) {
    throw new AttuneError(
      "INTERNAL",
      `Bytes ${range.offset} to ${range.offset + range.bytes} are outside an allocation of ${strict.bytes} for ${strict.role}.`,
    );
  }
  return strict;
}
