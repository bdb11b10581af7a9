import { AttuneError } from "@attune/spec";

/** Throws `OPTIONS_INVALID` for a number of steps between two checkpoints that is none. */
export function assertEvery(every: number): void {
  if (Number.isSafeInteger(every) && every >= 1) return;
  throw new AttuneError("OPTIONS_INVALID", `Expected every to be an integer of at least 1, got ${every}.`);
}
