// A plan as the threads replay it: numbers in shared memory, one step a dispatch and phase.
import { AttuneError } from "@attune/spec";
import type { CpuKernelCode, Dispatch, Plan } from "@attune/tensor-core";
import type { ScratchBytes } from "../memory/scratch.ts";
import { stepFields } from "../pool/messages.ts";

/** What the threads and the host need of a plan. */
export interface PlanLayout extends ScratchBytes {
  readonly steps: Int32Array<SharedArrayBuffer>;
  /** Absolute addresses of all bindings, written before each run for the regions that are bound. */
  readonly addresses: Float64Array<SharedArrayBuffer>;
  /** First step of each dispatch, and the number of steps at the end. */
  readonly stepOf: readonly number[];
  /** Region and offset of each binding. */
  readonly bindings: readonly { readonly region: number; readonly offset: number }[];
}

/** The code of every dispatch. @throws AttuneError `DEVICE_UNAVAILABLE` for a plan of another backend */
export function codesOf(plan: Plan): CpuKernelCode[] {
  return plan.dispatches.map((dispatch) => {
    if (dispatch.code?.backend === "cpu") return dispatch.code;
    throw new AttuneError(
      "DEVICE_UNAVAILABLE",
      `The CPU backend was given a plan for "${plan.backend}", whose op "${dispatch.op.id}" has no CPU kernel.`,
    );
  });
}

/** Lays a plan out for the threads. `kernels` are the numbers of the dispatches' kernels. */
export function layOutPlan(
  { dispatches }: Plan,
  codes: readonly CpuKernelCode[],
  kernels: readonly number[],
): PlanLayout {
  const steps: number[] = [];
  const stepOf: number[] = [];
  const bindings: { region: number; offset: number }[] = [];
  dispatches.forEach((dispatch, index) => {
    stepOf.push(steps.length / stepFields);
    const { tiles, phases = [] } = codes[index]!;
    const bounds = [0, ...phases, tiles];
    for (let phase = 0; phase + 1 < bounds.length; phase++) {
      if (bounds[phase + 1]! === bounds[phase]!) continue;
      steps.push(kernels[index]!, bounds[phase]!, bounds[phase + 1]!, bindings.length, dispatch.bindings.length);
    }
    bindings.push(...bindingsOf(dispatch));
  });
  stepOf.push(steps.length / stepFields);
  const shared = new Int32Array(new SharedArrayBuffer(4 * steps.length));
  shared.set(steps);
  return {
    steps: shared,
    addresses: new Float64Array(new SharedArrayBuffer(8 * bindings.length)),
    stepOf,
    bindings,
    ...scratchOf(codes),
  };
}

/**
 * Bytes of scratch that a plan takes beside its regions: the largest of its dispatches, for each thread and shared by all. Memory that
 * `runtime.memory()` does not count, to be added where a run's memory is predicted.
 *
 * @throws AttuneError `DEVICE_UNAVAILABLE` for a plan of another backend
 */
export function cpuScratchBytes(plan: Plan, threads: number): number {
  const { scratchBytes, sharedBytes, nearBytes } = scratchOf(codesOf(plan));
  return threads * (scratchBytes + nearBytes) + sharedBytes;
}

/** Dispatches run one after the other, so that the largest decides. */
function scratchOf(codes: readonly CpuKernelCode[]): ScratchBytes {
  const largest = (bytesOf: (code: CpuKernelCode) => number): number =>
    codes.reduce((most, code) => Math.max(most, bytesOf(code)), 0);
  return {
    scratchBytes: largest((code) => code.scratchBytes),
    sharedBytes: largest((code) => code.sharedBytes ?? 0),
    nearBytes: largest((code) => code.nearBytes ?? 0),
  };
}

function bindingsOf({ bindings }: Dispatch): { region: number; offset: number }[] {
  return bindings.map(({ region, offset }) => ({ region, offset }));
}
