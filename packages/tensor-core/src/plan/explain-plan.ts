import { formatType } from "../type/tensor-type.ts";
import type { DeviceDescription } from "./device-description.ts";
import type { Dispatch, Plan } from "./plan.ts";
import { type DispatchRoofline, rooflineOf } from "./roofline.ts";

/**
 * A readable listing of a plan: one line a dispatch, then the memory.
 *
 * @param device - what each dispatch takes of it at least is added: see `rooflineOf`
 */
export function explainPlan(plan: Plan, device?: DeviceDescription): string {
  const rooflines = device === undefined ? undefined : rooflineOf(plan, device);
  const lines = plan.dispatches.map(
    (dispatch, index) =>
      `${explainDispatch(plan, dispatch, index)}${rooflines === undefined ? "" : explainRoofline(rooflines[index]!)}`,
  );
  const flops = plan.dispatches.reduce((sum, dispatch) => sum + dispatch.flops, 0);
  const moved = plan.dispatches.reduce((sum, dispatch) => sum + dispatch.bytesMoved, 0);
  return [
    ...lines,
    `${plan.dispatches.length} dispatches, ${(flops / 1e9).toFixed(3)} GFLOP, ${(moved / 1e6).toFixed(1)} MB moved on "${plan.backend}"`,
    `arena ${plan.memory.arena} bytes (${plan.memory.unshared} if nothing shared memory), staging ${plan.memory.staging} bytes`,
    ...(device === undefined ? [] : [explainDevice(device, rooflines!)]),
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

function explainRoofline({ movedBytes, unavoidableBytes, launches, seconds, share, bound }: DispatchRoofline): string {
  const ratio = unavoidableBytes === 0 ? 1 : movedBytes / unavoidableBytes;
  const kernels = launches === 1 ? "" : ` in ${launches} launches`;
  return `; moves ${ratio.toFixed(2)} of that${kernels}, at least ${(seconds * 1e6).toFixed(2)} us by ${bound}, ${(100 * share).toFixed(2)} %`;
}

function explainDevice(
  { name, flops, bandwidth, source }: DeviceDescription,
  rooflines: readonly DispatchRoofline[],
): string {
  const total = (pick: (row: DispatchRoofline) => number): number => rooflines.reduce((sum, row) => sum + pick(row), 0);
  const seconds = total((row) => row.seconds);
  const bound = total((row) => (row.bound === "compute" ? row.seconds : 0));
  return [
    `${name}: ${(flops.f32 / 1e12).toFixed(1)} TFLOPS in f32, ${(bandwidth / 1e9).toFixed(0)} GB/s (${source})`,
    `at least ${(seconds * 1e3).toFixed(3)} ms in ${total((row) => row.launches)} launches, ${((100 * bound) / (seconds || 1)).toFixed(0)} % of it bound by compute`,
  ].join("\n");
}
