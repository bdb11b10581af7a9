// Whole programs: a small network trained for a few steps with AdamW over one flat buffer of parameters.
import { AttuneError } from "@attune/spec";
import {
  adamw,
  add,
  createRandomSequence,
  crossEntropy,
  gradients,
  type HostValues,
  linear,
  mean,
  operandsOfProducts,
  type ProductOperands,
  type Runtime,
  reshape,
  rmsNorm,
  silu,
  slice,
  type Tensor,
  type Trace,
  tensorType,
} from "@attune/tensor-core";
import type { ConformanceCase } from "./conformance-case.ts";
import { assertSameBits } from "./tolerance.ts";

const rows = 6;
const width = 16;
const classes = 5;
const inner = 24;
/** Parameters lie one after the other in one flat buffer: norm, first and second weight, head. */
const sizes = [width, inner * width, width * inner, classes * width];
const count = sizes.reduce((sum, size) => sum + size, 0);

function parameter(flat: Tensor, index: number, shape: readonly number[]): Tensor {
  const start = sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
  return reshape(slice(flat, { axis: 0, start, length: sizes[index]! }), shape);
}

/** One AdamW step of a residual block with a softmax head; the loss is an output. */
function recordStep(trace: Trace): void {
  const flat = trace.state("parameters", tensorType([count]));
  const first = trace.state("first moment", tensorType([count]));
  const second = trace.state("second moment", tensorType([count]));
  const x = trace.input("x", tensorType([rows, width]));
  const labels = trace.input("labels", tensorType([rows], "i32"));
  const normal = rmsNorm(x, parameter(flat, 0, [width]), { epsilon: 1e-5 });
  const hidden = silu(linear(normal, parameter(flat, 1, [inner, width])));
  const residual = add(x, linear(hidden, parameter(flat, 2, [width, inner])));
  const [losses] = crossEntropy(linear(residual, parameter(flat, 3, [classes, width])), labels);
  const loss = mean(losses);
  const [gradient] = gradients(loss, [flat]);
  const hyper = trace.input("hyper", tensorType([1, 8]));
  const apply = trace.input("apply", tensorType([1]));
  const operands = { parameters: flat, gradient: gradient!, firstMoment: first, secondMoment: second, hyper, apply };
  const [parameters, firstMoment, secondMoment] = adamw(operands, { segments: [[0, count, 0]] });
  trace.update(flat, parameters);
  trace.update(first, firstMoment);
  trace.update(second, secondMoment);
  trace.output("loss", reshape(loss, [1]));
}

interface Training {
  readonly losses: readonly number[];
  readonly parameters: HostValues;
}

async function train(
  runtime: Runtime,
  options: { readonly fuse?: boolean; readonly reorder?: boolean },
): Promise<Training> {
  const regions = ["parameters", "first moment", "second moment"];
  for (const region of regions) await runtime.states.allocate(region, count);
  const random = createRandomSequence(5, "training");
  const values = (length: number, scale: number): Float32Array =>
    Float32Array.from({ length }, () => scale * (2 * random.uniform() - 1));
  const program = await runtime.compile(recordStep, options);
  try {
    await runtime.states.write("parameters", values(count, 0.4));
    const losses: number[] = [];
    const [x, labels] = [values(rows * width, 1), Int32Array.from({ length: rows }, (_, row) => row % classes)];
    for (let step = 1; step <= 8; step++) {
      const hyper = [0.02, 0.9, 0.99, 1e-8, 0.01, 1 - 0.9 ** step, 1 - 0.99 ** step, 1];
      const apply = [step === 4 ? 0 : 1];
      losses.push((await program.run({ x, labels, hyper, apply }))["loss"]![0]!);
    }
    return { losses, parameters: await runtime.states.read("parameters") };
  } finally {
    program.dispose();
    for (const region of regions) runtime.states.free(region);
  }
}

function assertFalling({ losses }: Training): void {
  if (losses[4] === losses[3] && losses.at(-1)! < 0.7 * losses[0]! && losses.every(Number.isFinite)) return;
  throw new AttuneError(
    "NUMERICS",
    `Expected the loss to fall by a third in 7 applied steps and to stay in the one that was not, got ${losses.join(", ")}.`,
  );
}

/** Largest difference of losses of about 1 over 8 steps: a thousand roundings of 2^-24, or twenty of 2^-11. */
const nearBy: Readonly<Record<ProductOperands, number>> = { f32: 1e-4, f16: 1e-2 };

function assertNear(name: string, left: Training, right: Training, allowed: number): void {
  const error = Math.max(...left.losses.map((loss, step) => Math.abs(loss - right.losses[step]!)));
  if (error <= allowed) return;
  throw new AttuneError("NUMERICS", `${name}: losses differ by ${error}, expected rounding alone (${allowed}).`);
}

/** A network learns, the same to the bit each time, and the same but for rounding without fusion and in program order. */
export function trainingCases(runtimeOf: () => Promise<Runtime>): ConformanceCase[] {
  return [
    {
      group: "training",
      name: "the loss falls, and a step that is not applied changes nothing",
      run: async () => assertFalling(await train(await runtimeOf(), {})),
    },
    {
      group: "training",
      name: "twice the same bits",
      async run() {
        const runtime = await runtimeOf();
        const [first, second] = [await train(runtime, {}), await train(runtime, {})];
        assertSameBits(
          { op: "training", sample: "8 steps", value: "a parameter" },
          first.parameters,
          second.parameters,
        );
      },
    },
    {
      group: "training",
      name: "fused as unfused, scheduled as in program order",
      async run() {
        const runtime = await runtimeOf();
        const fused = await train(runtime, {});
        const allowed = nearBy[operandsOfProducts(runtime.backend.capabilities)];
        assertNear("Without fusion", fused, await train(runtime, { fuse: false }), allowed);
        assertNear("In program order", fused, await train(runtime, { reorder: false }), allowed);
      },
    },
  ];
}
