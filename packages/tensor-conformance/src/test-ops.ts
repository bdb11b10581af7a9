// Checks of op definitions that need no backend: everything in float64.
import { AttuneError } from "@attune/spec";
import { coreOps, elementCount, interpretGraph, type OpDef, Trace } from "@attune/tensor-core";
import type { ConformanceCase } from "./conformance-case.ts";
import { finiteDifferences } from "./finite-differences.ts";
import { exactGradients, exactOutputs } from "./interpret-sample.ts";
import { type AnySample, cotangentValues, differentiableOutputs, sampleLeaves } from "./sample-program.ts";
import { exactInputs } from "./sample-values.ts";
import { assertClose } from "./tolerance.ts";

/**
 * Cases for op definitions: the reference has the shapes that `infer` says, equals the decomposition where there are both, and
 * its gradient equals finite differences.
 *
 * @param ops - the ops of tensor-core unless given
 * @throws AttuneError `INPUT_INVALID` for an op without samples, or with two of one name
 */
export function testOps(ops: readonly OpDef[] = coreOps): ConformanceCase[] {
  return ops.flatMap((op) => {
    const samples = op.samples?.() ?? [];
    return [
      { group: op.id, name: "has samples", run: async () => assertSamples(op, samples) },
      ...samples.flatMap((sample): ConformanceCase[] => {
        const cases = [
          { group: op.id, name: `reference: ${sample.name}`, run: async () => checkReference(op, sample) },
        ];
        if (sample.differentiable && sample.differentiable.length > 0) {
          cases.push({
            group: op.id,
            name: `reference gradient: ${sample.name}`,
            run: async () => checkGradient(op, sample),
          });
        }
        return cases;
      }),
    ];
  });
}

function assertSamples(op: OpDef, samples: readonly AnySample[]): void {
  const names = samples.map((sample) => sample.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (names.length === 0 || twice !== undefined) {
    throw new AttuneError(
      "INPUT_INVALID",
      `Op "${op.id}" has ${names.length === 0 ? "no samples" : `two samples "${twice}"`}.`,
    );
  }
}

function checkReference(op: OpDef, sample: AnySample): void {
  const inputs = exactInputs(sample);
  const outputs = exactOutputs(op, sample, inputs);
  const types = op.infer(
    sample.inputs.map(({ type }) => type),
    sample.attributes,
  );
  types.forEach((type, index) => {
    if (outputs[index]?.length !== elementCount(type.shape)) {
      throw new AttuneError(
        "SHAPE_MISMATCH",
        `Op "${op.id}", sample "${sample.name}": output ${index} has ${outputs[index]?.length} values for shape [${type.shape.join(", ")}].`,
      );
    }
  });
  if (!op.reference || !op.decompose) return;
  decomposedOutputs(op, sample, inputs).forEach((values, index) => {
    const exact = outputs[index]!;
    const scale = exact.reduce(
      (most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most),
      1e-6,
    );
    assertClose(
      { op: op.id, sample: sample.name, value: `output ${index} of the decomposition` },
      values,
      exact,
      1e-7 * scale,
    );
  });
}

function decomposedOutputs(op: OpDef, sample: AnySample, inputs: readonly Float64Array[]): Float64Array[] {
  const trace = new Trace();
  const outputs = op.decompose!(sampleLeaves(trace, sample), sample.attributes);
  const values = interpretGraph(trace.finish(), (leaf) => inputs[leaf.id]!);
  return outputs.map((output) => values.get(output.id)!);
}

function checkGradient(op: OpDef, sample: AnySample): void {
  const inputs = exactInputs(sample);
  const chosen = differentiableOutputs(op, sample);
  const evaluate = (given: readonly Float64Array[]): number => {
    const outputs = exactOutputs(op, sample, given);
    return chosen.reduce(
      (total, { index, type }) => total + weigh(outputs[index]!, cotangentValues(index, type.shape)),
      0,
    );
  };
  const { values: gradients } = exactGradients(op, sample, inputs);
  const level = Math.abs(evaluate(inputs));
  (sample.differentiable ?? []).forEach((input, position) => {
    const gradient = gradients[position]!;
    const largest = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), level);
    for (const { element, derivative } of finiteDifferences(evaluate, inputs, input)) {
      const subject = {
        op: op.id,
        sample: sample.name,
        value: `the gradient of input ${input}, from element ${element} on,`,
      };
      assertClose(subject, [gradient[element]!], Float64Array.of(derivative), 1e-6 * largest + 1e-9);
    }
  });
}

function weigh(values: Float64Array, weights: Float32Array): number {
  return values.reduce((total, value, index) => total + value * weights[index]!, 0);
}
