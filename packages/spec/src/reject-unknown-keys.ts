import { AttuneError } from "./attune-error.ts";
import { nearestName } from "./near-names.ts";

/** Throws `CONFIG_UNKNOWN_KEY` for the first key that is not among the known ones, with the nearest known one. */
export function rejectUnknownKeys(owner: string, keys: readonly string[], known: readonly string[]): void {
  const unknown = keys.find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const near = nearestName(unknown, known);
  throw new AttuneError(
    "CONFIG_UNKNOWN_KEY",
    `The key "${unknown}" is none of the options of ${owner}: ${known.join(", ")}.`,
    {
      hint: near === undefined ? "Remove the key or correct its spelling." : `Did you mean "${near}"?`,
      details: { key: unknown, known },
    },
  );
}
