import { AttuneError } from "@attune/spec";
import type { OpSample, TensorType } from "@attune/tensor-core";

/** The exact values of a sample's inputs, after rounding to their storage formats. */
export function exactInputs(sample: Pick<OpSample<never>, "inputs">): Float64Array[] {
  return sample.inputs.map(({ type, values }) => roundToFormat(type, values));
}

/** What is left of values once they are stored. */
export function roundToFormat(type: TensorType, values: ArrayLike<number>): Float64Array {
  if (!type.format.encode) {
    throw new AttuneError(
      "DTYPE_MISMATCH",
      `A sample's values cannot be stored as "${type.format.id}", which needs a quantiser.`,
    );
  }
  return type.format.decode(type.format.encode(values, type.shape), type.shape);
}
