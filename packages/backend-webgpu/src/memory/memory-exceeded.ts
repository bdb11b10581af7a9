import { AttuneError } from "@attune/spec";

/** The error for memory that a device does not have. */
export function memoryExceeded(sentence: string): AttuneError {
  return new AttuneError("MEMORY_EXCEEDED", sentence, {
    hint: "Use a smaller batch, a shorter sequence, recomputation, or weights in a smaller format.",
  });
}

/** As `memoryExceeded`, for bytes that were asked for. */
export function outOfMemory(what: string, bytes: number, reason: string): AttuneError {
  return memoryExceeded(`The GPU has no ${bytes} bytes for ${what}: ${reason}`);
}
