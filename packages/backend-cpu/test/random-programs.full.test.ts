// Many random programs: the bits do not depend on threads or tiles, and values and gradients are those of float64.
import { describeConformance, recordRandomProgram, testBackend } from "@attune/tensor-conformance";
import { createRuntime, type HostValues, type Runtime, Trace } from "@attune/tensor-core";
import { afterAll, describe, expect, it } from "vitest";
import { type CpuBackendOptions, createCpuBackend } from "../src/index.ts";

const seeds = Array.from({ length: 150 }, (_, index) => index + 21);

describeConformance(
  "cpu on three threads",
  testBackend(() => createCpuBackend({ threads: 3 }), { ops: [], seeds }),
  { describe, it, afterAll },
);

async function run(runtime: Runtime, seed: number): Promise<Record<string, HostValues>> {
  const { leaves } = recordRandomProgram(new Trace(), seed);
  const weights = leaves.filter(({ name }) => name.startsWith("weight"));
  for (const { name, type, values } of weights) await runtime.weights.set(name, type, values);
  const program = await runtime.compile((trace) => {
    recordRandomProgram(trace, seed);
  });
  const given = program.plan.inputs.map(({ name }) => [name, leaves.find((leaf) => leaf.name === name)!.values]);
  const outputs = await program.run(Object.fromEntries(given));
  program.dispose();
  for (const { name } of weights) runtime.weights.delete(name);
  return outputs;
}

describe("a random program gives the same bits on 1, 2 and 3 threads and with either tiles", () => {
  const options: CpuBackendOptions[] = [
    { threads: 1, wide: false },
    { threads: 2, wide: false },
    { threads: 3, wide: false },
    { threads: 3, wide: true },
    { threads: 3, wide: true, maxBytes: 2 ** 33 },
  ];
  const runtimes = options.map((each) => createRuntime({ backend: createCpuBackend(each) }));
  afterAll(async () => {
    for (const runtime of runtimes) await runtime.dispose();
  });

  it.each(seeds)("seed %i", async (seed) => {
    const [expected, ...others] = await Promise.all(runtimes.map((runtime) => run(runtime, seed)));
    for (const [index, outputs] of others.entries()) {
      for (const [name, values] of Object.entries(outputs)) {
        const bits = [values, expected![name]!].map(({ buffer }) => Buffer.from(buffer));
        expect(bits[0]!.equals(bits[1]!), `${name} with ${JSON.stringify(options[index + 1])}`).toBe(true);
      }
    }
  });
});
