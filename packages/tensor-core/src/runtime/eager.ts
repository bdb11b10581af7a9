// Outside a trace an op is a plan of one op, cached by its signature. Tensors own their bytes until they are disposed.
import { AttuneError } from "@attune/spec";
import type { Allocation, Backend } from "../backend/backend.ts";
import type { Tensor, TensorHost } from "../graph/tensor.ts";
import type { KernelDef } from "../kernel/kernel-def.ts";
import { attributesKey } from "../op/attributes-key.ts";
import type { Attributes, OpDef } from "../op/op-def.ts";
import { formatType, type TensorType, typeBytes } from "../type/tensor-type.ts";
import { decodeDense, encodeValues } from "./buffer-values.ts";
import { compileOneOp, type OneOp, runOneOp } from "./one-op.ts";
import type { Queue } from "./program.ts";

/** Tensors with values, on a backend. */
export interface Eager {
  tensor(values: ArrayLike<number>, type: TensorType): Tensor;
  dispose(): void;
}

/** Eager evaluation on a backend. */
export function createEager(backend: Backend, kernels: readonly KernelDef[], queue: Queue): Eager {
  const programs = new Map<string, Promise<OneOp>>();
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
      const inputTypes = inputs.map(({ type }) => type);
      const types = op.infer(inputTypes, attributes);
      const held = inputs.map((tensor) => allocationOf(tensor.id));
      const key = `${op.id}|${inputTypes.map(formatType).join("|")}|${attributesKey(attributes)}`;
      const program = programs.get(key) ?? compileOneOp(backend, kernels, { op, types: inputTypes, attributes });
      programs.set(key, program);
      const outputs = Promise.all([program, ...held]).then(([ready, ...given]) =>
        queue(() => runOneOp(backend, ready, given, types)),
      );
      return types.map((type, index) =>
        make(
          type,
          outputs.then((made) => made[index]!),
        ),
      );
    },
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
