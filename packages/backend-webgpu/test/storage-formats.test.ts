// Products and embeddings over formats that a plugin brings: the kernels know nothing of them but their decode snippet.
import {
  type Attributes,
  bfloat16,
  createRandomSequence,
  createRuntime,
  embeddingOp,
  float16,
  float32,
  linearOp,
  type OpDef,
  outputTolerance,
  type Runtime,
  type StorageFormat,
  type TensorType,
  tensorType,
  type WebgpuKernelCode,
} from "@attune/tensor-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createWebgpuBackend } from "../src/index.ts";
import { skipReason, softwareGpu } from "./open-test-device.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const blockSize = 32;
const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Codes of 4 bits and a scale a block of 32: value = scale · (code - 8). Codes of neighbours lie in one byte, the first below. */
const toy4: StorageFormat = {
  kind: "storage-format",
  specificationVersion: 1,
  id: "toy4",
  dtype: "f32",
  blockSize,
  components: (shape) => [
    { name: "codes", bytes: elements(shape) / 2 },
    { name: "scales", bytes: (elements(shape) / blockSize) * 4 },
  ],
  decode([codes, scaleBytes], shape) {
    const scale = new Float32Array(scaleBytes!.slice().buffer);
    return Float64Array.from({ length: elements(shape) }, (_, index) => {
      const code = (codes![index >> 1]! >> (4 * (index & 1))) & 15;
      return scale[Math.floor(index / blockSize)]! * (code - 8);
    });
  },
  encode(values, shape) {
    const codes = new Uint8Array(elements(shape) / 2);
    const scale = new Float32Array(elements(shape) / blockSize);
    for (let index = 0; index < elements(shape); index++) {
      const block = Math.floor(index / blockSize);
      scale[block] = 0.25 + (block % 3);
      codes[index >> 1]! |= (Math.max(0, Math.min(15, Math.round(values[index]!) + 8)) & 15) << (4 * (index & 1));
    }
    return [codes, new Uint8Array(scale.buffer)];
  },
  decoders: {
    wgsl: `  let codes = component0[element / 8u] >> (4u * (element % 8u));
  let scale = bitcast<f32>(component1[element / 32u]);
  return scale * (vec4f((vec4u(codes) >> vec4u(0u, 4u, 8u, 12u)) & vec4u(15u)) - 8f);
`,
  },
};

/** A signed byte an element and a scale a row of so many columns, as of weights that are rounded row by row. */
const int8PerRow = (columns: number): StorageFormat => ({
  kind: "storage-format",
  specificationVersion: 1,
  id: `int8-rows-${columns}`,
  dtype: "f32",
  blockSize: columns,
  components: (shape) => [
    { name: "codes", bytes: elements(shape) },
    { name: "scales", bytes: (elements(shape) / columns) * 4 },
  ],
  decode([codes, scaleBytes], shape) {
    const [code, scale] = [new Int8Array(codes!.slice().buffer), new Float32Array(scaleBytes!.slice().buffer)];
    return Float64Array.from(
      { length: elements(shape) },
      (_, index) => scale[Math.floor(index / columns)]! * code[index]!,
    );
  },
  encode(values, shape) {
    const rows = elements(shape) / columns;
    const scale = Float32Array.from(
      { length: rows },
      (_, row) =>
        Math.max(...Array.from({ length: columns }, (_each, column) => Math.abs(values[row * columns + column]!))) /
        127,
    );
    const codes = Int8Array.from({ length: elements(shape) }, (_, index) =>
      Math.round(values[index]! / scale[Math.floor(index / columns)]!),
    );
    return [new Uint8Array(codes.buffer), new Uint8Array(scale.buffer)];
  },
  decoders: {
    wgsl: `  let scale = bitcast<f32>(component1[element / ${columns}u]);
  return scale * vec4f(unpack4xI8(component0[element / 4u]));
`,
  },
});

const random = createRandomSequence(5, "formats");
const floats = (shape: readonly number[]): Float32Array =>
  Float32Array.from({ length: elements(shape) }, () => 2 * random.normal());

interface Operand {
  readonly type: TensorType;
  readonly values: ArrayLike<number>;
}

describe.skipIf(skipReason !== undefined)(`on SwiftShader ${skipReason ?? ""}`, () => {
  let whole: Runtime;
  let windows: Runtime;
  beforeAll(async () => {
    const backend = await createWebgpuBackend({ gpu: softwareGpu() });
    whole = createRuntime({ backend });
    // The same device, said to bind no more than 64 KiB at once.
    windows = createRuntime({
      backend: { ...backend, capabilities: { ...backend.capabilities, maxBindingBytes: 65536 } },
    });
  });
  afterAll(() => whole.dispose());

  /** Compares an op with its reference over the values that its operands' formats hold. */
  async function check(
    op: OpDef,
    attributes: Attributes,
    inputs: readonly Operand[],
    runtime = whole,
  ): Promise<number> {
    const inputTypes = inputs.map(({ type }) => type);
    const exact = inputs.map(({ type, values }) =>
      type.format.decode(type.format.encode!(values, type.shape), type.shape),
    );
    const outputTypes = op.infer(inputTypes, attributes);
    const [expected] = op.reference!(exact, { attributes, inputTypes, outputTypes });
    for (const [index, { type, values }] of inputs.entries())
      await runtime.weights.set(`operand${index}`, type, values);
    const program = await runtime.compile((trace) => {
      const leaves = inputs.map(({ type }, index) => trace.weight(`operand${index}`, type));
      trace.output("y", trace.apply(op, leaves, attributes)[0]!);
    });
    const { y } = await program.run();
    const stages = (program.plan.dispatches[0]!.code as WebgpuKernelCode).stages.length;
    program.dispose();
    for (const name of runtime.weights.names()) runtime.weights.delete(name);
    const tolerance = outputTolerance({ op, inputs: inputTypes, attributes }, expected!);
    const error = expected!.reduce((most, value, index) => Math.max(most, Math.abs(value - y![index]!)), 0);
    expect(y).toHaveLength(expected!.length);
    expect(error).toBeLessThanOrEqual(tolerance);
    return stages;
  }

  const linear = linearOp as unknown as OpDef;
  const plain = { transposeA: false, transposeB: true, bias: false, residual: false, activation: "" };

  describe.each([toy4, bfloat16, float16])("weights in $id", (format) => {
    it.each([
      [1, 64, 33],
      [7, 96, 48],
      [37, 544, 70],
    ])("%i rows against a weight of [%i, %i], over either axis", async (m, k, n) => {
      for (const transposeB of [true, false]) {
        const shape = transposeB ? [n, k] : [k, Math.ceil(n / blockSize) * blockSize];
        await check(linear, { ...plain, transposeB }, [
          { type: tensorType([m, k]), values: floats([m, k]) },
          { type: tensorType(shape, "f32", format), values: floats(shape) },
        ]);
      }
    });

    it("a bias, an activation and a residual join in the epilogue, for few and for many rows", async () => {
      for (const m of [2, 19]) {
        const [k, n] = [64, 45];
        await check(linear, { ...plain, bias: true, residual: true, activation: "silu" }, [
          { type: tensorType([m, k]), values: floats([m, k]) },
          { type: tensorType([n, k], "f32", format), values: floats([n, k]) },
          { type: tensorType([n]), values: floats([n]) },
          { type: tensorType([m, n]), values: floats([m, n]) },
        ]);
      }
    });

    it("rows of a table are decoded", async () => {
      await check(embeddingOp as unknown as OpDef, {}, [
        { type: tensorType([7], "i32"), values: [3, 0, 10, 3, -1, 11, 9] },
        { type: tensorType([11, 64], "f32", format), values: floats([11, 64]) },
      ]);
    });
  });

  it.each([1, 3, 19])(
    "%i rows against int8 with a scale a row, over either axis, and rows of such a table",
    async (m) => {
      const [n, k] = [45, 136];
      const format = int8PerRow(k);
      const weight: Operand = { type: tensorType([n, k], "f32", format), values: floats([n, k]) };
      const bias: Operand = { type: tensorType([n]), values: floats([n]) };
      const x: Operand = { type: tensorType([m, k]), values: floats([m, k]) };
      await check(linear, { ...plain, bias: true, activation: "silu" }, [x, weight, bias]);
      await check(linear, { ...plain, transposeB: false }, [
        { type: tensorType([m, n]), values: floats([m, n]) },
        weight,
      ]);
      const ids: Operand = {
        type: tensorType([m], "i32"),
        values: Array.from({ length: m }, (_, index) => (7 * index) % n),
      };
      await check(embeddingOp as unknown as OpDef, {}, [ids, weight]);
    },
  );

  it("few rows are joined in subgroups and in workgroup memory, to the same bits where as many threads share a row", async () => {
    const { capabilities } = whole.backend;
    const features = new Set([...capabilities.features].filter((name) => !name.startsWith("subgroup")));
    const without = createRuntime({ backend: { ...whole.backend, capabilities: { ...capabilities, features } } });
    const given = [floats([3, 64]), floats([33, 64])];
    const results: unknown[] = [];
    for (const runtime of [whole, without]) {
      const program = await runtime.compile((trace) => {
        const [x, weight] = [trace.input("x", tensorType([3, 64])), trace.input("weight", tensorType([33, 64]))];
        trace.output("y", trace.apply(linear, [x, weight], plain)[0]!);
      });
      const [stage] = (program.plan.dispatches[0]!.code as WebgpuKernelCode).stages;
      expect(stage!.features ?? []).toEqual(runtime === whole ? ["subgroups"] : []);
      results.push((await program.run({ x: given[0]!, weight: given[1]! }))["y"]);
      program.dispose();
    }
    expect(results[1]).toEqual(results[0]);
  });

  it("k that is cut into ranges gives the same, with an epilogue over their sum", async () => {
    const [m, k, n] = [5, 2500, 12];
    await check(linear, { ...plain, bias: true, activation: "gelu" }, [
      { type: tensorType([m, k]), values: floats([m, k]) },
      { type: tensorType([n, k]), values: floats([n, k]) },
      { type: tensorType([n]), values: floats([n]) },
    ]);
  });

  it.each([float32, toy4])(
    "a weight in $id that is larger than a binding is met in windows of its rows",
    async (format) => {
      const rows = format === float32 ? 600 : 2100;
      const weight: Operand = { type: tensorType([rows, 64], "f32", format), values: floats([rows, 64]) };
      const bias: Operand = { type: tensorType([rows]), values: floats([rows]) };
      for (const m of [2, 6]) {
        const x: Operand = { type: tensorType([m, 64]), values: floats([m, 64]) };
        const stages = await check(linear, { ...plain, bias: true, activation: "relu" }, [x, weight, bias], windows);
        expect(stages).toBeGreaterThan(1);
        const dy: Operand = { type: tensorType([m, rows]), values: floats([m, rows]) };
        await check(linear, { ...plain, transposeB: false }, [dy, weight], windows);
      }
      const ids: Operand = { type: tensorType([6], "i32"), values: [0, rows - 1, 255, 256, -1, rows] };
      expect(await check(embeddingOp as unknown as OpDef, {}, [ids, weight], windows)).toBeGreaterThan(1);
    },
  );
});
