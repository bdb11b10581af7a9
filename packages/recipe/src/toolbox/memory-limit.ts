// How much the CPU device may hold, as people write it.
import { totalmem } from "node:os";
import { AttuneError, formatQuantity } from "@attune/spec";
import { sizePattern } from "../config/fields.ts";

const units: Readonly<Record<string, number>> = {
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** Most that a WebAssembly memory of 64-bit addresses may hold. */
const largest = 2 ** 34;

/** Of this machine, or what its container is given of it. */
function availableTotal(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/**
 * Bytes of a size such as `12GB` or `8GiB`, for the memory of the CPU device.
 *
 * @throws AttuneError `OPTIONS_INVALID` for what is no size, or is more than an engine or this machine has
 */
export function memoryLimit(size: string, total: number = availableTotal()): number {
  const [, number, unit] = sizePattern.exec(size) ?? [];
  const bytes = number === undefined ? 0 : Math.floor(Number(number) * units[unit!]!);
  const refuse = (message: string, hint: string): AttuneError =>
    new AttuneError("OPTIONS_INVALID", message, { hint, details: { key: "memory" } });
  if (bytes < 1) {
    throw refuse(
      `Expected a size of memory, got ${JSON.stringify(size)}.`,
      "Write a number with its unit, such as 12GB, 6.5GiB or 800MB.",
    );
  }
  if (bytes > largest) {
    throw refuse(
      `The CPU device can hold ${formatQuantity(largest, "bytes")} at most, and ${size} is asked for.`,
      "Use --storage bf16, fewer rows a step, or a smaller model; or a GPU.",
    );
  }
  if (bytes > total) {
    throw refuse(
      `This machine has ${formatQuantity(total, "bytes")} of memory, and ${size} is asked for.`,
      "`attune plan` says how much a run needs.",
    );
  }
  return bytes;
}
