import { formatType } from "../type/tensor-type.ts";
import type { Dispatch, Plan } from "./plan.ts";

/** A readable listing of a plan: one line a dispatch, then the memory. */
export function explainPlan(plan: Plan): string {
  const lines = plan.dispatches.map((dispatch, index) => explainDispatch(plan, dispatch, index));
  const flops = plan.dispatches.reduce((sum, dispatch) => sum + dispatch.flops, 0);
  const moved = plan.dispatches.reduce((sum, dispatch) => sum + dispatch.bytesMoved, 0);
  return [
    ...lines,
    `${plan.dispatches.length} dispatches, ${(flops / 1e9).toFixed(3)} GFLOP, ${(moved / 1e6).toFixed(1)} MB moved on "${plan.backend}"`,
    `arena ${plan.memory.arena} bytes (${plan.memory.unshared} if nothing shared memory), staging ${plan.memory.staging} bytes`,
  ].join("\n");
}

function explainDispatch(plan: Plan, dispatch: Dispatch, index: number): string {
  const inputs = dispatch.inputs.map(formatType).join(" ");
  const outputs = dispatch.outputs.map(formatType).join(" ");
  const places = dispatch.bindings
    .filter((binding) => binding.access !== "read")
    .map((binding) => `${plan.regions[binding.region]!.name}+${binding.offset}`)
    .join(" ");
  const name = dispatch.kernel === dispatch.op.id ? dispatch.op.id : `${dispatch.op.id} (${dispatch.kernel})`;
  const where = dispatch.scope === "" ? "" : ` in ${dispatch.scope}${dispatch.backward ? " backward" : ""}`;
  return `${String(index).padStart(4)} ${name}: ${inputs} -> ${outputs} at ${places}, ${dispatch.flops} FLOP, ${dispatch.bytesMoved} bytes${where}`;
}
