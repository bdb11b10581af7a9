import { AttuneError } from "./attune-error.ts";

/** Throws `ABORTED` when the signal was aborted; an AttuneError given as the abort reason is thrown itself. */
export function throwIfAborted(signal?: AbortSignal): void {
  if (!signal?.aborted) return;
  const reason: unknown = signal.reason;
  if (AttuneError.is(reason)) throw reason;
  throw new AttuneError("ABORTED", "The operation was aborted.", { cause: reason });
}
