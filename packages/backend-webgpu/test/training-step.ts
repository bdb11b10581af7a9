// A step of training as tests and benchmarks replay it: gated layers with norms, gradients, and AdamW over one flat buffer.
import {
  adamw,
  add,
  concat,
  crossEntropy,
  gradients,
  linear,
  mean,
  mul,
  type Runtime,
  reshape,
  rmsNorm,
  silu,
  slice,
  type Tensor,
  type Trace,
  tensorType,
} from "@attune/tensor-core";

const [rows, width, inner, classes, layers] = [16, 64, 128, 64, 8] as const;
const sizes = [
  ...Array.from({ length: layers }, () => [width, inner * width, inner * width, width * inner]).flat(),
  classes * width,
];
const count = sizes.reduce((sum, size) => sum + size, 0);
const startOf = (index: number): number => sizes.slice(0, index).reduce((sum, size) => sum + size, 0);

/** Records one step: the loss of a small network, its gradients and an update in place. */
export function buildStep(trace: Trace): void {
  const state = (name: string): Tensor => trace.state(name, tensorType([count]));
  const parameters = state("parameters");
  const parameter = (index: number, shape: readonly number[]): Tensor =>
    reshape(slice(parameters, { axis: 0, start: startOf(index), length: sizes[index]! }), shape);
  const weights: Tensor[] = [];
  const use = (index: number, shape: readonly number[]): Tensor => {
    const weight = parameter(index, shape);
    weights.push(weight);
    return weight;
  };
  let x = trace.input("x", tensorType([rows, width]));
  for (let layer = 0; layer < layers; layer++) {
    const hidden = rmsNorm(x, use(4 * layer, [width]), { epsilon: 1e-5 });
    const gate = silu(linear(hidden, use(4 * layer + 1, [inner, width])));
    const up = linear(hidden, use(4 * layer + 2, [inner, width]));
    x = add(x, linear(mul(gate, up), use(4 * layer + 3, [width, inner])));
  }
  const [loss] = crossEntropy(
    linear(x, use(4 * layers, [classes, width])),
    trace.input("labels", tensorType([rows], "i32")),
  );
  const total = mean(loss);
  const gradient = concat(
    gradients(total, weights).map((each) => reshape(each, [-1])),
    0,
  );
  const [next, first, second] = adamw(
    {
      parameters,
      gradient,
      firstMoment: state("first"),
      secondMoment: state("second"),
      hyper: trace.input("hyper", tensorType([1, 8])),
      apply: trace.input("apply", tensorType([1])),
    },
    { segments: [[0, count, 0]] },
  );
  trace.update(parameters, next);
  trace.update(state("first"), first);
  trace.update(state("second"), second);
  trace.output("loss", total);
}

/** Allocates the State of a step, the parameters at reproducible values. */
export async function allocateStates(runtime: Runtime): Promise<void> {
  for (const name of ["parameters", "first", "second"]) await runtime.states.allocate(name, count);
  const values = Float32Array.from({ length: count }, (_, index) => Math.sin(index * 12.9898) * 0.15);
  for (let layer = 0; layer < layers; layer++) values.fill(1, startOf(4 * layer), startOf(4 * layer) + width);
  await runtime.states.write("parameters", values);
}

/** Inputs of a step. */
export function stepInputs(): Record<string, ArrayLike<number>> {
  return {
    x: Float32Array.from({ length: rows * width }, (_, index) => Math.cos(index)),
    labels: Int32Array.from({ length: rows }, (_, index) => (7 * index) % classes),
    hyper: Float32Array.of(0.003, 0.9, 0.999, 1e-8, 0.01, 0.1, 0.001, 1),
    apply: Float32Array.of(1),
  };
}
