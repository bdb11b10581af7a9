// The same program on 1, 2 and 5 threads and with the tiles of either SIMD width: equal to the bit.
import { setFlagsFromString } from "node:v8";
import {
  add,
  attention,
  createRandomSequence,
  createRuntime,
  crossEntropy,
  dropout,
  embedding,
  gradients,
  linear,
  matmul,
  mul,
  type Runtime,
  reshape,
  rmsNorm,
  silu,
  sum,
  sumOfSquares,
  type Trace,
  tensorType,
} from "@attune/tensor-core";
import { describe, expect, it } from "vitest";
import { type CpuBackendOptions, createCpuBackend, enable256Bits } from "../src/index.ts";

const [batch, length, heads, size, vocabulary] = [2, 67, 3, 24, 301] as const;
const width = heads * size;
const random = createRandomSequence(1, "threads");
const floats = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());
const ids = (count: number, bound: number): Int32Array =>
  Int32Array.from({ length: count }, () => random.integer(bound));

const shapes = {
  table: [vocabulary, width],
  norm: [width],
  query: [width, width],
  key: [width, width],
  value: [width, width],
  gate: [3 * width, width],
  up: [3 * width, width],
  down: [width, 3 * width],
} as const;

const inputs: Record<string, ArrayLike<number>> = {
  ids: ids(batch * length, vocabulary),
  labels: ids(batch * length, vocabulary),
  documents: Int32Array.from({ length: batch * length }, (_, index) => Math.floor((index % length) / 29)),
  random: Uint32Array.of(7, 3, 1, 0),
  ...Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      floats(shape.reduce<number>((product, side) => product * side, 1)).map((x) => x / 9),
    ]),
  ),
};

/** One block with its loss and all gradients. */
function build(trace: Trace): void {
  const parameters = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, trace.input(name, tensorType(shape))]),
  ) as Record<keyof typeof shapes, ReturnType<Trace["input"]>>;
  const integers = (name: string): ReturnType<Trace["input"]> => trace.input(name, tensorType([batch, length], "i32"));
  const documents = integers("documents");
  const x = dropout(embedding(integers("ids"), parameters.table), trace.input("random", tensorType([4], "u32")), {
    rate: 0.1,
  });
  const normed = rmsNorm(x, parameters.norm, { epsilon: 1e-5 });
  const [q, k, v] = [parameters.query, parameters.key, parameters.value].map((weight) =>
    reshape(linear(normed, weight), [batch, length, heads, size]),
  ) as [typeof x, typeof x, typeof x];
  const mixed = attention({ q, k, v }, { causal: true, queryDocuments: documents, keyDocuments: documents });
  const y = add(x, reshape(mixed, [batch, length, width]));
  const hidden = add(y, linear(mul(silu(linear(y, parameters.gate)), linear(y, parameters.up)), parameters.down));
  const logits = matmul(reshape(hidden, [batch * length, width]), parameters.table, { transposeB: true });
  const loss = sum(crossEntropy(logits, reshape(integers("labels"), [batch * length]))[0], {
    axes: [0],
    keepDims: true,
  });
  trace.output("loss", loss);
  const names = Object.keys(shapes) as (keyof typeof shapes)[];
  for (const [index, gradient] of gradients(
    loss,
    names.map((name) => parameters[name]),
  ).entries()) {
    trace.output(`gradient of ${names[index]}`, gradient);
    trace.output(`norm of ${names[index]}`, sumOfSquares(gradient));
  }
}

async function run(runtime: Runtime): Promise<Record<string, Uint32Array>> {
  const program = await runtime.compile(build);
  const outputs = await program.run(inputs);
  await runtime.dispose();
  return Object.fromEntries(Object.entries(outputs).map(([name, values]) => [name, new Uint32Array(values.buffer)]));
}

async function runOn(options: CpuBackendOptions): Promise<Record<string, Uint32Array>> {
  return run(createRuntime({ backend: createCpuBackend(options) }));
}

function expectSameBits(
  actual: Record<string, Uint32Array>,
  expected: Record<string, Uint32Array>,
  where: string,
): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, bits] of Object.entries(actual)) {
    expect(Buffer.compare(Buffer.from(bits.buffer), Buffer.from(expected[name]!.buffer)), `${name} ${where}`).toBe(0);
  }
}

describe("one program gives the same bits", async () => {
  const expected = await runOn({ threads: 1, wide: false });

  it("and a loss that is one", () => {
    const [loss] = new Float32Array(expected["loss"]!.buffer);
    expect(loss! / (batch * length)).toBeGreaterThan(1);
  });

  it.each([
    { threads: 2, wide: false },
    { threads: 5, wide: false },
    { threads: 1, wide: true },
    { threads: 3, wide: true },
    { threads: 1, wide: false, maxBytes: 2 ** 33 },
    { threads: 1, wide: true, maxBytes: 2 ** 33 },
    { threads: 2, wide: true, maxBytes: 2 ** 33 },
    { threads: 3, wide: true, maxBytes: 2 ** 33 },
  ])("on $threads threads, tiles for 256 bits: $wide, at most $maxBytes bytes", async (options) => {
    expectSameBits(await runOn(options), expected, `on ${options.threads} threads`);
  });

  it("from V8's baseline compiler and from optimised 256-bit code", { timeout: 120_000 }, async () => {
    setFlagsFromString("--no-liftoff");
    enable256Bits();
    // Another memory limit makes other modules, so that none comes from V8's cache of compiled ones.
    for (const maxBytes of [2 ** 31, 2 ** 34]) {
      const actual = await runOn({ threads: 2, wide: true, maxBytes });
      expectSameBits(actual, expected, `from optimised code, at most ${maxBytes} bytes`);
    }
  });
});
