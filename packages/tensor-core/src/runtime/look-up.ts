import { AttuneError } from "@attune/spec";

/** The value of a name. @throws AttuneError `ID_UNKNOWN` naming some that are there */
export function lookUp<T>(held: ReadonlyMap<string, T>, kind: string, name: string): T {
  const found = held.get(name);
  if (found !== undefined) return found;
  throw new AttuneError("ID_UNKNOWN", `There is no ${kind} "${name}" in this runtime.`, {
    hint: `Known: ${[...held.keys()].slice(0, 8).join(", ") || "none"}.`,
  });
}
