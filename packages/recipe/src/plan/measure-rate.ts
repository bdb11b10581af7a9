import { createRandomSequence, linear, type Runtime, tensorType } from "@attune/tensor-core";

/** Seconds that are measured after the first runs, in which an engine still compiles. */
const measuredSeconds = 0.2;

/** FLOPs a second that a product of a model's size reaches on a runtime, measured in less than a second. */
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
    const seconds: number[] = [];
    for (let spent = 0, warm = 0; spent < measuredSeconds; ) {
      const started = performance.now();
      await program.run(inputs);
      const took = (performance.now() - started) / 1000;
      if (warm++ < 3) continue;
      spent += took;
      seconds.push(took);
    }
    seconds.sort((left, right) => left - right);
    return (2 * rows * inner * outer) / seconds[Math.floor(seconds.length / 2)]!;
  } finally {
    program.dispose();
  }
}
