import type { ExplainedDispatch, StepExplanation } from "@attune/recipe";
import { formatQuantity } from "@attune/spec";
import { renderTable } from "../terminal/table.ts";

/** The dispatches of a step against a device for a reader: those that are alike in one row, what takes longest first. */
export function describeStep({ device, products, dispatches }: StepExplanation): string {
  const total = dispatches.reduce((sum, { seconds }) => sum + seconds, 0);
  const launches = dispatches.reduce((sum, row) => sum + row.launches, 0);
  const rows = grouped(dispatches).map(({ first, count, sum }) => [
    `${first.kernel} ${first.shapes}${first.backward ? " backward" : ""}`,
    String(count),
    formatQuantity(sum("flops"), "flops"),
    formatQuantity(sum("bytes"), "bytes"),
    (sum("movedBytes") / Math.max(1, sum("bytes"))).toFixed(2),
    `${(1e6 * sum("seconds")).toFixed(1)} us`,
    formatQuantity(sum("seconds") / (total || 1), "share"),
    first.bound,
  ]);
  return [
    `a step on ${device.name}, products in ${products}: ${peaksOf(device)}, ${formatQuantity(device.bandwidth, "bytes")}/s (${device.source})`,
    `at least ${(1e3 * total).toFixed(2)} ms in ${launches} launches`,
    "",
    renderTable(["dispatch", "count", "work", "bytes", "moved", "at least", "share", "bound by"], rows),
  ].join("\n");
}

function peaksOf({ flops: { f32, f16 } }: StepExplanation["device"]): string {
  const onMatrices = f16 === undefined ? "" : `, ${formatQuantity(f16, "flops")}/s on f16 matrices`;
  return `${formatQuantity(f32, "flops")}/s in f32${onMatrices}`;
}

type Total = "flops" | "bytes" | "movedBytes" | "seconds";

interface Group {
  readonly first: ExplainedDispatch;
  readonly count: number;
  readonly sum: (name: Total) => number;
}

function grouped(dispatches: readonly ExplainedDispatch[]): Group[] {
  const groups = new Map<string, ExplainedDispatch[]>();
  for (const row of dispatches) {
    const key = `${row.kernel} ${row.shapes} ${row.backward} ${row.bound}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()]
    .map((rows) => ({
      first: rows[0]!,
      count: rows.length,
      sum: (name: Total): number => rows.reduce((sum, row) => sum + row[name], 0),
    }))
    .sort((left, right) => right.sum("seconds") - left.sum("seconds"));
}
