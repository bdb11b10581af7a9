import type { RunPlan } from "@attune/recipe";
import { formatCount, formatQuantity } from "@attune/spec";
import { renderTable } from "../terminal/table.ts";

/** The budget of a run for a reader: FLOPs and time of each stage, and what memory will hold. */
export function describePlan({ training, memory, time }: RunPlan): string {
  const stages = time.stages.map(({ name, flops, seconds }) => [
    name,
    formatQuantity(flops, "flops"),
    formatQuantity(seconds, "seconds"),
  ]);
  const parts = memory.parts.map(({ name, bytes }) => [name, formatQuantity(bytes, "bytes")]);
  const { steps, tokensPerStep, products, dispatchesPerStep, trained, parameters } = training;
  return [
    `${formatCount(steps)} steps of ${formatCount(tokensPerStep)} tokens; ${formatCount(trained)} of ${formatCount(parameters)} parameters are trained`,
    `a step is ${formatCount(dispatchesPerStep)} dispatches, with products in ${products}`,
    `this machine computes ${formatQuantity(time.flopsPerSecond, "flops")}/s, measured`,
    "",
    renderTable(
      ["stage", "work", "time"],
      [...stages, ["together", formatQuantity(time.flops, "flops"), formatQuantity(time.seconds, "seconds")]],
    ),
    "",
    renderTable(["memory", "bytes"], [...parts, ["at its peak", formatQuantity(memory.peakBytes, "bytes")]]),
  ].join("\n");
}
