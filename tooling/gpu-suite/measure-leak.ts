// Whether replaying leaves anything behind: resident memory over two thousand steps, the first half apart.
import { type Backend, createRuntime, linear, type Trace, tensorType } from "@attune/tensor-core";

/** Resident bytes a step over the second half of the run, and milliseconds a step. */
export interface LeakResult {
  readonly steps: number;
  readonly bytesPerStep: number;
  readonly millisecondsPerStep: number;
}

/** Replays a plan of sixteen small layers. */
export async function measureLeak(backend: Backend, progress: (sentence: string) => void): Promise<LeakResult> {
  const [steps, width] = [2000, 64] as const;
  const runtime = createRuntime({ backend });
  await runtime.weights.set("weight", tensorType([width, width]), new Float32Array(width * width).fill(0.01));
  const program = await runtime.compile((trace: Trace) => {
    let x = trace.input("x", tensorType([16, width]));
    for (let layer = 0; layer < 16; layer++) x = linear(x, trace.weight("weight", tensorType([width, width])));
    trace.output("x", x);
  });
  const x = new Float32Array(16 * width).fill(1);
  const run = async (count: number): Promise<void> => {
    for (let step = 0; step < count; step++) await program.run({ x });
  };
  progress("leak: 2000 steps");
  await run(steps / 2);
  const before = process.memoryUsage.rss();
  const start = performance.now();
  await run(steps / 2);
  const millisecondsPerStep = (performance.now() - start) / (steps / 2);
  const bytesPerStep = (process.memoryUsage.rss() - before) / (steps / 2);
  await runtime.dispose();
  return { steps, bytesPerStep, millisecondsPerStep };
}
