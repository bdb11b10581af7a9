// Products and embeddings over formats that a plugin brings: the kernels know nothing of them but their decode snippet.
import {
  type Attributes,
  type Backend,
  bfloat16,
  createRandomSequence,
  embeddingOp,
  float16,
  linearOp,
  type OpDef,
  outputTolerance,
  type StorageFormat,
  type TensorType,
  tensorType,
} from "@attune/tensor-core";
import { address, f32x4, i32, i32x4, load, v128 } from "@attune/tensor-core/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCpuBackend } from "../src/index.ts";
import { runOp } from "./run-kernel.ts";

const blockSize = 32;
const packed = (count: number): number => count / 2;
const scales = (count: number): number => (count / blockSize) * 4;
const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Codes of 4 bits and a scale a block of 32: value = scale · (code - 8). Codes of neighbours lie in one byte, the first below. */
const toy4: StorageFormat = {
  kind: "storage-format",
  specificationVersion: 1,
  id: "toy4",
  dtype: "f32",
  blockSize,
  components: (shape) => [
    { name: "codes", bytes: packed(elements(shape)) },
    { name: "scales", bytes: scales(elements(shape)) },
  ],
  decode([codes, scaleBytes], shape) {
    const scale = new Float32Array(scaleBytes!.slice().buffer);
    return Float64Array.from({ length: elements(shape) }, (_, index) => {
      const code = (codes![index >> 1]! >> (4 * (index & 1))) & 15;
      return scale[Math.floor(index / blockSize)]! * (code - 8);
    });
  },
  encode(values, shape) {
    const codes = new Uint8Array(packed(elements(shape)));
    const scale = new Float32Array(elements(shape) / blockSize);
    for (let block = 0; block < scale.length; block++) {
      const own = Array.from({ length: blockSize }, (_, index) => values[block * blockSize + index]!);
      scale[block] = Math.fround(Math.max(...own.map(Math.abs)) / 7 || 1);
      for (const [index, value] of own.entries()) {
        const place = block * blockSize + index;
        codes[place >> 1]! |= (Math.round(value / scale[block]!) + 8) << (4 * (place & 1));
      }
    }
    return [codes, new Uint8Array(scale.buffer)];
  },
  decoders: {
    cpu(f, { components: [codes, scale], element }) {
      const half = i32x4.splat(load("i32From16U", address.at(codes!, i32.shrU(element, 1), 1)));
      const spread = v128.and(
        i32x4.mul(half, f.hoisted(i32x4.constant(1 << 12, 1 << 8, 1 << 4, 1))),
        f.hoisted(i32x4.constant(0xf000)),
      );
      const codesOf4 = f32x4.convertS(i32x4.sub(i32x4.shrU(spread, 12), f.hoisted(i32x4.constant(8))));
      return f32x4.mul(codesOf4, load("splat32", address.at(scale!, i32.shrU(element, 5), 4)));
    },
  },
};

const backend = createCpuBackend({ threads: 2, wide: false });
const wide = createCpuBackend({ threads: 1, wide: true });
afterAll(async () => {
  await backend.dispose();
  await wide.dispose();
});

const random = createRandomSequence(5, "formats");
const floats = (shape: readonly number[]): Float32Array =>
  Float32Array.from({ length: elements(shape) }, () => random.normal());

interface Operand {
  readonly type: TensorType;
  readonly values: ArrayLike<number>;
}

/** Compares an op with its reference over the values that its operands' formats hold. */
async function check(on: Backend, op: OpDef, attributes: Attributes, inputs: readonly Operand[]): Promise<void> {
  const inputTypes = inputs.map(({ type }) => type);
  const exact = inputs.map(({ type, values }) =>
    type.format.decode(type.format.encode!(values, type.shape), type.shape),
  );
  const outputTypes = op.infer(inputTypes, attributes);
  const [expected] = op.reference!(exact, { attributes, inputTypes, outputTypes });
  const [actual] = await runOp(on, op, attributes, inputs);
  const tolerance = outputTolerance({ op, inputs: inputTypes, attributes }, expected!);
  const error = expected!.reduce((most, value, index) => Math.max(most, Math.abs(value - actual![index]!)), 0);
  expect(actual!.length).toBe(expected!.length);
  expect(error).toBeLessThanOrEqual(tolerance);
}

const linear = linearOp as unknown as OpDef;
const plain = { transposeA: false, transposeB: true, bias: false, residual: false, activation: "" };

describe.each([toy4, bfloat16, float16])("weights in $id", (format) => {
  it.each([
    [1, 64, 33],
    [3, 96, 16],
    [7, 64, 48],
    [37, 544, 70],
  ])("%i rows against a weight of [%i, %i], over either axis", async (m, k, n) => {
    for (const transposeB of [true, false]) {
      const shape = transposeB ? [n, k] : [k, Math.ceil(n / blockSize) * blockSize];
      const weight: Operand = { type: tensorType(shape, "f32", format), values: floats(shape) };
      const x: Operand = { type: tensorType([m, k]), values: floats([m, k]) };
      for (const on of [backend, wide]) await check(on, linear, { ...plain, transposeB }, [x, weight]);
    }
  });

  it("a bias, an activation and a residual join in the epilogue, for few and for many rows", async () => {
    for (const m of [2, 19]) {
      const [k, n] = [64, 45];
      await check(backend, linear, { ...plain, bias: true, residual: true, activation: "silu" }, [
        { type: tensorType([m, k]), values: floats([m, k]) },
        { type: tensorType([n, k], "f32", format), values: floats([n, k]) },
        { type: tensorType([n]), values: floats([n]) },
        { type: tensorType([m, n]), values: floats([m, n]) },
      ]);
    }
  });

  it("rows of a table are decoded", async () => {
    await check(backend, embeddingOp as unknown as OpDef, {}, [
      { type: tensorType([7], "i32"), values: [3, 0, 10, 3, -1, 11, 9] },
      { type: tensorType([11, 64], "f32", format), values: floats([11, 64]) },
    ]);
  });
});

describe("a product whose weight is packed in several slabs", () => {
  const [m, k, n] = [5, 64, 131200] as const;
  let actual: number[];
  const [x, weight] = [floats([m, k]), floats([n, k])];
  beforeAll(async () => {
    const inputs = [
      { type: tensorType([m, k]), values: x },
      { type: tensorType([n, k]), values: weight },
    ];
    [actual] = (await runOp(backend, linear, plain, inputs)) as [number[]];
  });

  it.each([0, 15, 16, 131071, 131072, 131199])("is right at column %i", (column) => {
    for (let row = 0; row < m; row++) {
      let expected = 0;
      for (let index = 0; index < k; index++) expected += x[row * k + index]! * weight[column * k + index]!;
      expect(actual[row * n + column]).toBeCloseTo(expected, 4);
    }
  });
});
