// What a sample looks like as a traced program: the op applied to leaves, or the gradient of a weighted sum of its outputs.
import { AttuneError } from "@attune/spec";
import {
  add,
  createRandomSequence,
  elementCount,
  gradients,
  isPlain,
  mul,
  type OpDef,
  type OpSample,
  sum,
  type Tensor,
  type TensorType,
  Trace,
} from "@attune/tensor-core";

/** A sample of an op whose attributes are not known here. */
export type AnySample = OpSample<OpDef extends OpDef<infer A> ? A : never>;

/** Name of the leaf of an input: `input0`, `weight1`. */
export function leafName(sample: AnySample, index: number): string {
  return `${isPlain(sample.inputs[index]!.type) ? "input" : "weight"}${index}`;
}

/** A leaf for each input of the sample. */
export function sampleLeaves(trace: Trace, sample: AnySample): Tensor[] {
  return sample.inputs.map(({ type }, index) => {
    const name = leafName(sample, index);
    return isPlain(type) ? trace.input(name, type) : trace.weight(name, type);
  });
}

/** The outputs of the op on leaves of the trace, named `output0`, `output1` and so on. */
export function recordOutputs(trace: Trace, op: OpDef, sample: AnySample): void {
  trace.apply(op, sampleLeaves(trace, sample), sample.attributes).forEach((output, index) => {
    trace.output(`output${index}`, output);
  });
}

/**
 * The gradients of Σ output · weight with respect to the differentiable inputs, named `gradient0` and so on by input. Weights
 * are fixed random numbers. Outputs that exist for the backward pass alone and refuse a cotangent are left out.
 */
export function recordGradients(trace: Trace, op: OpDef, sample: AnySample): void {
  const chosen = differentiableOutputs(op, sample);
  const leaves = sampleLeaves(trace, sample);
  const loss = weightedSum(trace, op, sample, leaves, chosen);
  const wanted = sample.differentiable ?? [];
  gradients(
    loss,
    wanted.map((index) => leaves[index]!),
  ).forEach((gradient, position) => {
    trace.output(`gradient${wanted[position]}`, gradient);
  });
}

/** Fixed random weights for the elements of one output, in [-1, 1). */
export function cotangentValues(output: number, shape: readonly number[]): Float32Array {
  const random = createRandomSequence(3, `cotangent ${output}`);
  return Float32Array.from({ length: elementCount(shape) }, () => 2 * random.uniform() - 1);
}

/** The outputs of the sample that gradients flow through, and their types. */
export function differentiableOutputs(
  op: OpDef,
  sample: AnySample,
): { readonly index: number; readonly type: TensorType }[] {
  const types = op.infer(
    sample.inputs.map(({ type }) => type),
    sample.attributes,
  );
  return types.flatMap((type, index) =>
    type.dtype === "f32" && acceptsCotangent(op, sample, index) ? [{ index, type }] : [],
  );
}

/** The first output has to be differentiable; another may refuse. */
function acceptsCotangent(op: OpDef, sample: AnySample, output: number): boolean {
  if (output === 0) return true;
  const trace = new Trace();
  const leaves = sampleLeaves(trace, sample);
  const type = trace.apply(op, leaves, sample.attributes)[output]!.type;
  const loss = weightedSum(trace, op, sample, leaves, [{ index: output, type }]);
  try {
    gradients(
      loss,
      (sample.differentiable ?? []).map((index) => leaves[index]!),
    );
    return true;
  } catch (error) {
    if (AttuneError.is(error) && error.code === "INPUT_INVALID") return false;
    throw error;
  }
}

function weightedSum(
  trace: Trace,
  op: OpDef,
  sample: AnySample,
  leaves: readonly Tensor[],
  chosen: readonly { readonly index: number; readonly type: TensorType }[],
): Tensor {
  const outputs = trace.apply(op, leaves, sample.attributes);
  return chosen
    .map(({ index, type }) => sum(mul(outputs[index]!, trace.input(`cotangent${index}`, type))))
    .reduce((left, right) => add(left, right));
}
