// Plans become programs that the threads hold; a run writes the addresses of its regions and tells the threads to replay.
import { createQueue } from "@attune/spec";
import type { Allocation, DispatchTimes, Executable, Plan } from "@attune/tensor-core";
import type { KernelLibrary } from "../kernel-library.ts";
import { addressOf } from "../memory/allocations.ts";
import type { Scratch } from "../memory/scratch.ts";
import { stepFields } from "../pool/messages.ts";
import type { WorkerPool } from "../pool/worker-pool.ts";
import { codesOf, layOutPlan, type PlanLayout } from "./lay-out-plan.ts";

/** What the plans of one backend share. */
export interface ReplayContext {
  readonly pool: WorkerPool;
  readonly library: KernelLibrary;
  readonly scratch: Scratch;
}

/** Dispatches `from` to `to` of a plan. */
interface DispatchRange {
  readonly from: number;
  readonly to: number;
}

/** Milliseconds of each step, then those that each thread waited. */
type StepTimes = Float64Array<SharedArrayBuffer>;

/** Compiles plans for the threads of one pool. Their runs wait for each other. */
export function createPlanCompiler({ pool, library, scratch }: ReplayContext): (plan: Plan) => Promise<Executable> {
  let programs = 0;
  const queue = createQueue();

  return async (plan) => {
    const codes = codesOf(plan);
    const layout = layOutPlan(plan, codes, await library.load(codes));
    const id = programs++;
    pool.broadcast({ kind: "program", id, steps: layout.steps, addresses: layout.addresses });

    const replay = async (regions: readonly Allocation[], { from, to }: DispatchRange, times?: StepTimes) => {
      writeAddresses(layout, regions);
      const steps = { from: layout.stepOf[from]!, to: layout.stepOf[to]! };
      if (steps.from === steps.to) return;
      const { threads, shared } = scratch.reserve(layout);
      await pool.run({ id, ...steps, shared, ...(times ? { times } : {}) }, threads);
    };
    const whole = { from: 0, to: plan.dispatches.length };
    return {
      run: (regions, range = whole) => queue(() => replay(regions, range)),
      async profile(regions) {
        const cells = layout.steps.length / stepFields + pool.threads;
        const times = new Float64Array(new SharedArrayBuffer(8 * cells));
        await queue(() => replay(regions, whole, times));
        return dispatchTimes(layout, times);
      },
      dispose: () => pool.broadcast({ kind: "drop", id }),
    };
  };
}

function writeAddresses({ bindings, addresses }: PlanLayout, regions: readonly Allocation[]): void {
  const bases = regions.map(addressOf);
  bindings.forEach(({ region, offset }, index) => {
    addresses[index] = bases[region]! + offset;
  });
}

/** A dispatch takes as long as its steps together. */
function dispatchTimes({ stepOf }: PlanLayout, times: StepTimes): DispatchTimes {
  const sumOf = (values: Float64Array): number => values.reduce((sum, time) => sum + time, 0);
  const milliseconds = Float64Array.from({ length: stepOf.length - 1 }, (_, dispatch) =>
    sumOf(times.subarray(stepOf[dispatch], stepOf[dispatch + 1])),
  );
  const waits = times.subarray(stepOf.at(-1));
  return { milliseconds, waiting: sumOf(waits) / waits.length };
}
