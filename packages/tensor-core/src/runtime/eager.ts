// Outside a trace an op is a plan of one op, cached by its signature. Tensors own their bytes until they are disposed.
import { AttuneError } from "@attune/spec";
import type { Allocation, Backend, Executable } from "../backend/backend.ts";
import type { Tensor, TensorHost } from "../graph/tensor.ts";
import { Trace } from "../graph/trace.ts";
import type { KernelDef } from "../kernel/kernel-def.ts";
import { attributesKey } from "../op/attributes-key.ts";
import type { Attributes, OpDef } from "../op/op-def.ts";
import { buildPlan } from "../plan/build-plan.ts";
import type { Plan } from "../plan/plan.ts";
import { formatType, type TensorType, typeBytes } from "../type/tensor-type.ts";
import { decodeDense, encodeValues } from "./buffer-values.ts";
import type { Queue } from "./program.ts";

interface OneOp {
  readonly plan: Plan;
  readonly executable: Executable;
}

/** Tensors with values, on a backend. */
export interface Eager {
  tensor(values: ArrayLike<number>, type: TensorType): Tensor;
  dispose(): void;
}

/** Eager evaluation on a backend. */
export function createEager(backend: Backend, kernels: readonly KernelDef[], queue: Queue): Eager {
  const programs = new Map<string, Promise<OneOp>>();
  const alive = new Map<number, Promise<Allocation>>();
  const scratch = new Set<Allocation>();
  let next = 0;

  const make = (type: TensorType, bytes: Promise<Allocation>): Tensor => {
    const id = next++;
    alive.set(id, bytes);
    bytes.catch(() => alive.delete(id));
    return {
      type,
      shape: type.shape,
      host,
      id,
      async data() {
        const allocation = await allocationOf(id);
        return queue(async () => decodeDense(await backend.read(allocation, 0, typeBytes(type)), type.dtype));
      },
      [Symbol.dispose]() {
        const held = alive.get(id);
        alive.delete(id);
        void held?.then((allocation) => queue(async () => backend.free(allocation)));
      },
    };
  };

  const allocationOf = (id: number): Promise<Allocation> => {
    const found = alive.get(id);
    if (found === undefined) throw new AttuneError("INPUT_INVALID", "This tensor was disposed.");
    return found;
  };

  const host: TensorHost = {
    apply(op: OpDef, inputs: readonly Tensor[], attributes: Attributes): readonly Tensor[] {
      const types = op.infer(
        inputs.map((tensor) => tensor.type),
        attributes,
      );
      const held = inputs.map((tensor) => allocationOf(tensor.id));
      const key = `${op.id}|${inputs.map((tensor) => formatType(tensor.type)).join("|")}|${attributesKey(attributes)}`;
      const program =
        programs.get(key) ??
        compileOne(
          op,
          inputs.map((tensor) => tensor.type),
          attributes,
        );
      programs.set(key, program);
      const outputs = Promise.all([program, ...held]).then(([ready, ...given]) =>
        queue(() => runOne(ready, given, types)),
      );
      return types.map((type, index) =>
        make(
          type,
          outputs.then((made) => made[index]!),
        ),
      );
    },
  };

  const compileOne = async (op: OpDef, types: readonly TensorType[], attributes: Attributes): Promise<OneOp> => {
    const trace = new Trace();
    const outputs = trace.apply(
      op,
      types.map((type, index) => trace.weight(`input${index}`, type)),
      attributes,
    );
    outputs.forEach((output, index) => {
      trace.update(trace.state(`output${index}`, output.type), output);
    });
    const plan = buildPlan(trace.finish(), { backend, kernels });
    return { plan, executable: await backend.compile(plan) };
  };

  const runOne = async (
    { plan, executable }: OneOp,
    inputs: readonly Allocation[],
    types: readonly TensorType[],
  ): Promise<Allocation[]> => {
    const outputs: Allocation[] = [];
    for (const type of types) outputs.push(await backend.allocate("state", Math.max(4, typeBytes(type))));
    const regions: Allocation[] = [];
    for (const region of plan.regions) {
      const index = Number(region.name.replace(/\D/g, ""));
      if (region.role === "weights") regions.push(inputs[index]!);
      else if (region.role === "state") regions.push(outputs[index]!);
      else {
        const made = await backend.allocate(region.role, Math.max(4, region.bytes));
        scratch.add(made);
        regions.push(made);
      }
    }
    await executable.run(regions);
    for (const made of scratch) backend.free(made);
    scratch.clear();
    return outputs;
  };

  return {
    tensor(values, type) {
      const components = encodeValues(values, type, "tensor").map((bytes) => bytes.slice());
      if (components.length !== 1)
        throw new AttuneError(
          "DTYPE_MISMATCH",
          `An eager tensor cannot hold ${formatType(type)}, which has several components.`,
        );
      const made = queue(async () => {
        const allocation = await backend.allocate("state", Math.max(4, typeBytes(type)));
        await backend.write(allocation, 0, components[0]!);
        return allocation;
      });
      return make(type, made);
    },
    dispose() {
      for (const held of alive.values()) void held.then((allocation) => backend.free(allocation));
      alive.clear();
      for (const program of programs.values()) void program.then(({ executable }) => executable.dispose());
      programs.clear();
    },
  };
}
