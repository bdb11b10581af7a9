// A program of its own, so that no test runner lives in the process whose memory is measured. Prints one JSON document.
import {
  adamw,
  createRuntime,
  gradients,
  linear,
  matmul,
  mul,
  reshape,
  silu,
  sum,
  type Trace,
  tensorType,
} from "@attune/tensor-core";
import { createCpuBackend } from "../src/index.ts";

const [rows, width] = [8, 16] as const;
const size = width * width;

/** A step of AdamW on one matrix, written into State. */
function step(trace: Trace): void {
  const state = (name: string): ReturnType<Trace["state"]> => trace.state(name, tensorType([size]));
  const weight = trace.state("parameters", tensorType([width, width]));
  const hidden = silu(linear(trace.input("x", tensorType([rows, width])), weight));
  const loss = sum(mul(hidden, hidden), { axes: [0, 1], keepDims: false });
  const [gradient] = gradients(loss, [weight]);
  const flat = matmul(gradient!, trace.input("identity", tensorType([width, width])));
  const [parameters, first, second] = adamw(
    {
      parameters: state("parameters"),
      gradient: reshape(flat, [size]),
      firstMoment: state("first"),
      secondMoment: state("second"),
      hyper: trace.input("hyper", tensorType([1, 8])),
      apply: trace.input("apply", tensorType([1])),
    },
    { segments: [[0, size, 0]] },
  );
  trace.update(state("parameters"), parameters);
  trace.update(state("first"), first);
  trace.update(state("second"), second);
  trace.output("loss", loss);
}

/** Steps until the young heaps of main thread and workers have their size, and steps of each half of the measurement. */
const [warmUp, measured] = [4000, 1000];

const runtime = createRuntime({ backend: createCpuBackend({ threads: 2, wide: false }) });
for (const name of ["parameters", "first", "second"]) await runtime.states.allocate(name, size);
await runtime.states.write(
  "parameters",
  Float32Array.from({ length: size }, (_, index) => Math.sin(index)),
);
const program = await runtime.compile(step);
const inputs = {
  x: Float32Array.from({ length: rows * width }, (_, index) => Math.cos(index)),
  identity: Float32Array.from({ length: size }, (_, index) => Number(index % (width + 1) === 0)),
  hyper: Float32Array.of(0.001, 0.9, 0.999, 1e-8, 0, 0.1, 0.001, 1),
  apply: Float32Array.of(1),
};

/** Runs steps; what is held then, and the last loss. */
async function replay(count: number): Promise<{ loss: number; resident: number; held: unknown }> {
  let loss = 0;
  for (let index = 0; index < count; index++) loss = (await program.run(inputs))["loss"]![0]!;
  (globalThis as unknown as { gc: () => void }).gc();
  return { loss, resident: process.memoryUsage.rss(), held: runtime.memory() };
}

const points = [await replay(warmUp), await replay(measured), await replay(measured)];
await runtime.dispose();
process.stdout.write(JSON.stringify({ points, steps: measured }));
