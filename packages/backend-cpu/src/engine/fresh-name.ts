import { randomUUID } from "node:crypto";

/**
 * A name for an export of a module whose code is timed. V8 keeps optimised code by a module's bytes: one that this process had before
 * would be fast from the start, and who waits for it to get faster would wait in vain.
 */
export function freshName(): string {
  return `run-${randomUUID()}`;
}
