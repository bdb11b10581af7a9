import { AttuneError } from "@attune/spec";

/** The value, if it lies from `low` (included) to `high` (excluded). @throws AttuneError `OPTIONS_INVALID` */
export function checkedRange(name: string, value: number, low: number, high: number): number {
  if (typeof value === "number" && value >= low && value < high) return value;
  throw new AttuneError("OPTIONS_INVALID", `Expected ${name} from ${low} to below ${high}, got ${value}.`, {
    details: { key: name },
  });
}
