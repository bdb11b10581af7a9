import { setTimeout as sleep } from "node:timers/promises";
import { add, createRandomSequence, linear, type Runtime, tensorType } from "@attune/tensor-core";

/** Runs before the first that counts: an engine still compiles in them. */
const warmUpRuns = 3;

/** Bursts of runs, apart in time: what else a machine does for a moment disturbs some of them, not all. */
const bursts = 6;
const burstSeconds = 0.05;
const pauseMilliseconds = 40;

/**
 * FLOPs a second that a product of a model's size reaches on a runtime: the fastest of several short measurements, in less than a
 * second. Whatever else the machine does only ever makes a measurement slower, so the fastest is the nearest to the machine's own rate.
 */
export async function measureRate(runtime: Runtime, inner: number, outer: number): Promise<number> {
  const rows = 1024;
  const program = await runtime.compile((trace) => {
    const x = trace.input("x", tensorType([rows, inner]));
    const weight = trace.input("weight", tensorType([outer, inner]));
    trace.output("sum", linear(x, weight));
  });
  try {
    const random = createRandomSequence(1, "rate");
    const fill = (length: number): Float32Array => Float32Array.from({ length }, () => random.normal());
    const inputs = { x: fill(rows * inner), weight: fill(outer * inner) };
    const run = async (): Promise<number> => {
      const started = performance.now();
      await program.run(inputs);
      return (performance.now() - started) / 1000;
    };
    for (let count = 0; count < warmUpRuns; count++) await run();
    return (2 * rows * inner * outer) / (await fastestRun(run));
  } finally {
    program.dispose();
  }
}

/** Bytes a second that a sum of two vectors, larger than caches, reads and writes: the fastest of several short measurements. */
export async function measureBandwidth(runtime: Runtime): Promise<number> {
  const count = 2 ** 23;
  const type = tensorType([count]);
  for (const name of bandwidthStates) await runtime.states.allocate(name, count);
  const [x, y, sum] = bandwidthStates;
  const program = await runtime.compile((trace) => {
    trace.update(trace.state(sum, type), add(trace.state(x, type), trace.state(y, type)));
  });
  try {
    const run = async (): Promise<number> => {
      const started = performance.now();
      await program.run();
      return (performance.now() - started) / 1000;
    };
    for (let index = 0; index < warmUpRuns; index++) await run();
    return (3 * 4 * count) / (await fastestRun(run));
  } finally {
    program.dispose();
    for (const name of bandwidthStates) runtime.states.free(name);
  }
}

const bandwidthStates = ["bandwidth.x", "bandwidth.y", "bandwidth.sum"] as const;

/** The least of what runs take, over all bursts. */
async function fastestRun(run: () => Promise<number>): Promise<number> {
  let fastest = Number.POSITIVE_INFINITY;
  for (let burst = 0; burst < bursts; burst++) {
    if (burst > 0) await sleep(pauseMilliseconds);
    for (let spent = 0; spent < burstSeconds; ) {
      const seconds = await run();
      spent += seconds;
      fastest = Math.min(fastest, seconds);
    }
  }
  return fastest;
}
