import { AttuneError, describeValue } from "@attune/spec";

/** Throws `INPUT_INVALID` for what is no list, such as one text in the place of several. */
export function assertList(name: string, value: unknown): void {
  if (Array.isArray(value)) return;
  throw new AttuneError("INPUT_INVALID", `Expected a list of ${name}, but received ${describeValue(value)}.`);
}
