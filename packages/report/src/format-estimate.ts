import { formatQuantity, type Unit } from "@attune/spec";
import type { Estimate } from "./report-data.ts";

/** "94.1 to 97.8" without repeating the unit, or nothing when there is no interval or it has no width. */
export function formatInterval({ low, high }: Estimate, unit: Unit): string | undefined {
  if (low === undefined || high === undefined || low === high) return undefined;
  return `${formatQuantity(low, unit).replace(/[%×]$/, "")} to ${formatQuantity(high, unit)}`;
}

/** A difference with its sign; differences of shares are percentage points. */
export function formatDifference(value: number, unit: Unit): string {
  const text = unit === "share" ? formatQuantity(value, unit).replace("%", " points") : formatQuantity(value, unit);
  return value > 0 ? `+${text}` : text;
}

/** "p < 0.001" or "p = 0.034". */
export function formatPValue(value: number): string {
  return value < 0.001 ? "p < 0.001" : `p = ${value.toFixed(3)}`;
}
