import { AttuneError, describeValue } from "@attune/spec";
import type { Attributes, OpDef } from "../op-def/op-def.ts";
import { formatType, type TensorType } from "../type/tensor-type.ts";
import type { ValueId } from "./graph.ts";

/** Applies ops to tensors: a trace records them, an eager runtime runs them. */
export interface TensorHost {
  apply(op: OpDef, inputs: readonly Tensor[], attributes: Attributes): readonly Tensor[];
}

/** A value in a trace, or a value that an eager runtime holds. Ops are functions over tensors. */
export interface Tensor {
  readonly type: TensorType;
  readonly shape: readonly number[];
  readonly host: TensorHost;
  /** Its value in the trace; meaningful to its host alone. */
  readonly id: ValueId;
  /** Values in row-major order; a symbolic tensor has none and throws. */
  data(): Promise<Float32Array | Int32Array | Uint32Array>;
  /** Frees an eager tensor's bytes; nothing to do in a trace. */
  [Symbol.dispose](): void;
}

/** A tensor without values, made while a function is traced. */
export function symbolicTensor(host: TensorHost, id: ValueId, type: TensorType, scope: string): Tensor {
  return {
    type,
    shape: type.shape,
    host,
    id,
    data() {
      const where = scope === "" ? "the trace" : `"${scope}"`;
      throw new AttuneError(
        "INPUT_INVALID",
        `Tensor ${formatType(type)} made in ${where} is symbolic and has no values while it is traced.`,
        {
          hint: "Name it as an output, trace.output(name, tensor), and read it from a run, or look inside the plan with debug(tensor, name).",
        },
      );
    },
    [Symbol.dispose]() {},
  };
}

/** Throws `INPUT_INVALID` for what is no tensor, as programs without types may pass: arrays, numbers, nothing. */
export function assertTensor(value: unknown, what: string): asserts value is Tensor {
  if (typeof (value as Partial<Tensor> | undefined)?.host?.apply === "function") return;
  const received = ArrayBuffer.isView(value) ? `a ${value.constructor.name}` : describeValue(value);
  throw new AttuneError("INPUT_INVALID", `Expected ${what} to be a tensor, but received ${received}.`, {
    hint: "Values become tensors by trace.input(name, type) in a traced function, and by runtime.tensor(values, shape) outside.",
  });
}

/**
 * Applies an op to tensors of one host.
 *
 * @throws AttuneError `INPUT_INVALID` if one is no tensor, or if they belong to different traces or runtimes.
 */
export function applyOp<A extends Attributes>(
  op: OpDef<A>,
  inputs: readonly Tensor[],
  attributes: A,
): readonly Tensor[] {
  if (inputs.length === 0) throw new AttuneError("INPUT_INVALID", `Op "${op.id}" was given no tensors.`);
  for (const [index, tensor] of inputs.entries()) assertTensor(tensor, `operand ${index} of op "${op.id}"`);
  const host = inputs[0]!.host;
  if (inputs.some((tensor) => tensor.host !== host)) {
    throw new AttuneError("INPUT_INVALID", `Op "${op.id}" was given tensors of different traces or runtimes.`, {
      hint: "Pass values into a traced function as inputs, weights or state.",
    });
  }
  return host.apply(op as unknown as OpDef, inputs, attributes);
}
