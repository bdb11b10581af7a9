// Runs single ops, as eager tensors need it. Each is a plan of one op: inputs are weights, outputs are State, each in an allocation of
// its own.
import type { Queue } from "@attune/spec";
import type { Allocation, Backend, Executable } from "../backend/backend.ts";
import { Trace } from "../graph/trace.ts";
import type { KernelDef } from "../kernel/kernel-def.ts";
import { attributesKey } from "../op-def/attributes-key.ts";
import type { Attributes, OpDef } from "../op-def/op-def.ts";
import { buildPlan } from "../plan/build-plan.ts";
import type { Plan } from "../plan/plan.ts";
import { formatType, type TensorType, typeBytes } from "../type/tensor-type.ts";

/** One op, ready to run. */
interface OneOp {
  readonly plan: Plan;
  readonly executable: Executable;
}

/** An op on inputs of these types. */
interface OpCall {
  readonly op: OpDef;
  readonly types: readonly TensorType[];
  readonly attributes: Attributes;
}

/** Single ops, each compiled once for its signature. */
export interface OpRunner {
  /** Allocations of the outputs, which the caller frees; a run that fails leaves none behind. */
  run(
    call: OpCall,
    inputs: readonly Promise<Allocation>[],
    outputTypes: readonly TensorType[],
  ): Promise<readonly Allocation[]>;
  dispose(): void;
}

/** Runs ops one after the other in `queue`. */
export function createOpRunner(backend: Backend, kernels: readonly KernelDef[], queue: Queue): OpRunner {
  const compiled = new Map<string, Promise<OneOp>>();
  const compiledOp = (call: OpCall): Promise<OneOp> => {
    const key = `${call.op.id}|${call.types.map(formatType).join("|")}|${attributesKey(call.attributes)}`;
    const op = compiled.get(key) ?? compileOneOp(backend, kernels, call);
    compiled.set(key, op);
    return op;
  };
  return {
    async run(call, inputs, outputTypes) {
      const [op, ...given] = await Promise.all([compiledOp(call), ...inputs]);
      return queue(() => runOneOp(backend, op, given, outputTypes));
    },
    dispose() {
      for (const op of compiled.values()) void op.then(({ executable }) => executable.dispose());
      compiled.clear();
    },
  };
}

async function compileOneOp(
  backend: Backend,
  kernels: readonly KernelDef[],
  { op, types, attributes }: OpCall,
): Promise<OneOp> {
  const trace = new Trace();
  const inputs = types.map((type, index) => trace.weight(`input${index}`, type));
  trace.apply(op, inputs, attributes).forEach((output, index) => {
    trace.update(trace.state(`output${index}`, output.type), output);
  });
  const plan = buildPlan(trace.finish(), { backend, kernels });
  return { plan, executable: await backend.compile(plan) };
}

async function runOneOp(
  backend: Backend,
  { plan, executable }: OneOp,
  inputs: readonly Allocation[],
  types: readonly TensorType[],
): Promise<readonly Allocation[]> {
  const outputs: Allocation[] = [];
  const scratch: Allocation[] = [];
  try {
    for (const type of types) outputs.push(await backend.allocate("state", Math.max(4, typeBytes(type))));
    const regions: Allocation[] = [];
    for (const region of plan.regions) {
      const index = Number(region.name.replace(/\D/g, ""));
      if (region.role === "arena" || region.role === "staging") {
        scratch.push(await backend.allocate(region.role, Math.max(4, region.bytes)));
        regions.push(scratch.at(-1)!);
      } else regions.push(region.role === "weights" ? inputs[index]! : outputs[index]!);
    }
    await executable.run(regions);
    return outputs;
  } catch (error) {
    for (const made of outputs) backend.free(made);
    throw error;
  } finally {
    for (const made of scratch) backend.free(made);
  }
}
