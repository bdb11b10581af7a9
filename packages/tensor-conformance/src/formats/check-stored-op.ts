import {
  type Attributes,
  errorBounds,
  type OpDef,
  operandsOfProducts,
  type Plan,
  type Runtime,
  type TensorType,
} from "@attune/tensor-core";
import { assertClose } from "../tolerance.ts";

/** A weight of any storage format, and the values that are encoded into it. */
export interface StoredOperand {
  readonly type: TensorType;
  readonly values: ArrayLike<number>;
}

/**
 * Runs an op over weights and compares its first output with the reference over the values that their formats hold, exact decodings.
 * Gives the plan that ran.
 *
 * @throws AttuneError `NUMERICS` where an element is off by more than the op's tolerance
 */
export async function checkStoredOp(
  runtime: Runtime,
  op: OpDef,
  attributes: Attributes,
  operands: readonly StoredOperand[],
): Promise<Plan> {
  const inputTypes = operands.map(({ type }) => type);
  const exact = operands.map(({ type, values }) =>
    type.format.decode(type.format.encode!(values, type.shape), type.shape),
  );
  const [expected] = op.reference!(exact, { attributes, inputTypes, outputTypes: op.infer(inputTypes, attributes) });
  const names = operands.map((_, index) => `stored operand ${index}`);
  for (const [index, { type, values }] of operands.entries()) await runtime.weights.set(names[index]!, type, values);
  const program = await runtime.compile((trace) => {
    const leaves = operands.map(({ type }, index) => trace.weight(names[index]!, type));
    trace.output("y", trace.apply(op, leaves, attributes)[0]!);
  });
  try {
    const { y } = await program.run();
    const sample = inputTypes.map(({ format, shape }) => `${format.id} [${shape}]`).join(", ");
    const operandsIn = operandsOfProducts(runtime.backend.capabilities);
    const [bounds] = errorBounds({ op, inputs: inputTypes, attributes }, exact, [expected!], operandsIn);
    assertClose({ op: op.id, sample, value: "output 0" }, y!, expected!, bounds!);
    return program.plan;
  } finally {
    program.dispose();
    for (const name of names) runtime.weights.delete(name);
  }
}
