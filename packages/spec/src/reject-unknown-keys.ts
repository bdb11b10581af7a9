import { AttuneError } from "./attune-error.ts";
import { nearestName } from "./near-names.ts";

/**
 * Throws `CONFIG_UNKNOWN_KEY` for the first key that is not among the known ones, with the one that was probably meant: `aliases` maps
 * other spellings to it.
 */
export function rejectUnknownKeys(
  owner: string,
  keys: readonly string[],
  known: readonly string[],
  aliases: Readonly<Record<string, string>> = {},
): void {
  const unknown = keys.find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const near = Object.hasOwn(aliases, unknown) ? aliases[unknown] : nearestName(unknown, known);
  throw new AttuneError(
    "CONFIG_UNKNOWN_KEY",
    `The key "${unknown}" is none of the options of ${owner}: ${known.join(", ")}.`,
    {
      hint: near === undefined ? "Remove the key or correct its spelling." : `Did you mean "${near}"?`,
      details: { key: unknown, known },
    },
  );
}
