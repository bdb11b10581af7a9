// Outside a trace an op is a plan of one op, cached by its signature. Tensors own their bytes until they are disposed.
import { AttuneError, type Queue } from "@attune/spec";
import type { Allocation, Backend } from "../backend/backend.ts";
import type { Tensor, TensorHost } from "../graph/tensor.ts";
import type { KernelDef } from "../kernel/kernel-def.ts";
import type { Attributes, OpDef } from "../op-def/op-def.ts";
import { formatType, type TensorType, typeBytes } from "../type/tensor-type.ts";
import { decodeDense, encodeValues } from "./buffer-values.ts";
import { createOpRunner } from "./op-runner.ts";

/** Tensors with values, on a backend. */
export interface Eager {
  tensor(values: ArrayLike<number>, type: TensorType): Tensor;
  dispose(): void;
}

/** Eager evaluation on a backend. */
export function createEager(backend: Backend, kernels: readonly KernelDef[], queue: Queue): Eager {
  const ops = createOpRunner(backend, kernels, queue);
  const alive = new Map<number, Promise<Allocation>>();
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
      const types = inputs.map(({ type }) => type);
      const outputTypes = op.infer(types, attributes);
      const held = inputs.map((tensor) => allocationOf(tensor.id));
      const outputs = ops.run({ op, types, attributes }, held, outputTypes);
      const outputOf = async (index: number): Promise<Allocation> => (await outputs)[index]!;
      return outputTypes.map((type, index) => make(type, outputOf(index)));
    },
  };

  return {
    tensor(values, type) {
      const bytes = denseBytes(values, type);
      const made = queue(async () => {
        const allocation = await backend.allocate("state", Math.max(4, typeBytes(type)));
        await backend.write(allocation, 0, bytes);
        return allocation;
      });
      return make(type, made);
    },
    dispose() {
      for (const held of alive.values()) void held.then((allocation) => backend.free(allocation));
      alive.clear();
      ops.dispose();
    },
  };
}

/** A copy of values as a backend stores them. @throws AttuneError `DTYPE_MISMATCH` for a type of several components */
function denseBytes(values: ArrayLike<number>, type: TensorType): Uint8Array {
  const [bytes, ...others] = encodeValues(values, type, "tensor");
  if (others.length === 0) return bytes!.slice();
  throw new AttuneError(
    "DTYPE_MISMATCH",
    `An eager tensor cannot hold ${formatType(type)}, which has several components.`,
  );
}
