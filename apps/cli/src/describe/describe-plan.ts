import type { RunPlan } from "@attune/recipe";
import { formatBytes, formatCount, formatDuration, formatFlops } from "../terminal/format-number.ts";
import { renderTable } from "../terminal/table.ts";

/** The budget of a run for a reader: FLOPs and time of each stage, and what memory will hold. */
export function describePlan({ training, memory, time }: RunPlan): string {
  const stages = time.stages.map(({ name, flops, seconds }) => [name, formatFlops(flops), formatDuration(seconds)]);
  const parts = memory.parts.map(({ name, bytes }) => [name, formatBytes(bytes)]);
  const { steps, tokensPerStep, products, dispatchesPerStep, trained, parameters } = training;
  return [
    `${formatCount(steps)} steps of ${formatCount(tokensPerStep)} tokens; ${formatCount(trained)} of ${formatCount(parameters)} parameters are trained`,
    `a step is ${formatCount(dispatchesPerStep)} dispatches, with products in ${products}`,
    `this machine computes ${formatFlops(time.flopsPerSecond)}/s, measured`,
    "",
    renderTable(
      ["stage", "work", "time"],
      [...stages, ["together", formatFlops(time.flops), formatDuration(time.seconds)]],
    ),
    "",
    renderTable(["memory", "bytes"], [...parts, ["at its peak", formatBytes(memory.peakBytes)]]),
  ].join("\n");
}
