// Products by a lent library, whatever it is: the library here is a loop in TypeScript, so what is tested is the cutting into tiles
// and slabs, the decoding, the epilogue, and how a library that cannot be opened ends.
import { describeConformance, testBackend } from "@attune/tensor-conformance";
import {
  type Backend,
  bfloat16,
  coreOps,
  createRandomSequence,
  float32,
  type GemmProvider,
  type KernelDef,
  linearOp,
  type OpDef,
  type StorageFormat,
  tensorType,
} from "@attune/tensor-core";
import { afterAll, describe, expect, it } from "vitest";
import { createCpuBackend } from "../src/index.ts";
import { acceptsFormats } from "../src/kernels/product/linear.ts";
import { createNativeKernels } from "../src/kernels/product/native-linear.ts";
import { shapeNativeProduct } from "../src/kernels/product/native-shape.ts";
import { runOp } from "./run-kernel.ts";

const provider = (module: string): GemmProvider => ({
  id: "plain",
  module: new URL(module, import.meta.url).href,
  options: null,
});

/** The native kernels for every product that has elements, however small, with small slabs. */
const eager: readonly KernelDef[] = createNativeKernels(2 ** 16).map((kernel) => ({
  ...kernel,
  accepts: (signature) => {
    const { inputs, outputs } = signature;
    const empty = [...inputs, ...outputs].some(({ shape }) => shape.includes(0));
    const plain = kernel.op === "linear" || inputs[1]!.format.id === "f32";
    return !empty && plain && acceptsFormats(signature) ? 0.5 : undefined;
  },
}));

const open = (threads: number, module = "./plain-gemm.ts"): Backend =>
  createCpuBackend({ threads, wide: false, gemm: provider(module), kernels: eager });

describeConformance(
  "cpu, products by a lent library",
  testBackend(() => open(2), { ops: coreOps.filter(({ id }) => id === "linear" || id === "batchedMatmul") }),
  { describe, it, afterAll },
);

const random = createRandomSequence(1, "native");
const values = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());

async function product(
  backend: Backend,
  { m, k, n, transposeA = false, transposeB = false, format = float32 }: Product,
  operands: { readonly a: Float32Array; readonly b: Float32Array; readonly residual: Float32Array },
): Promise<number[]> {
  const attributes = { transposeA, transposeB, bias: false, residual: true, activation: "silu" };
  const [c] = await runOp(backend, linearOp as unknown as OpDef, attributes, [
    { type: tensorType(transposeA ? [k, m] : [m, k]), values: operands.a },
    { type: tensorType(transposeB ? [n, k] : [k, n], "f32", format), values: operands.b },
    { type: tensorType([m, n]), values: operands.residual },
  ]);
  return c!;
}

interface Product {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly format?: StorageFormat;
}

describe("native products", () => {
  it("are cut into tiles by shape alone, and into slabs where B is decoded", () => {
    const plain = { batch: 1, m: 512, k: 576, n: 1536, transposeA: false, transposeB: true };
    expect(shapeNativeProduct(plain, undefined)).toMatchObject({ slabs: 1, blockRows: 256, blockColumns: 192 });
    const large = { batch: 1, m: 8, k: 4096, n: 8192, transposeA: false };
    expect(shapeNativeProduct({ ...large, transposeB: true }, 2 ** 25)).toMatchObject({ slabs: 4, slabRows: 2048 });
    expect(shapeNativeProduct({ ...large, transposeB: false }, 2 ** 25)).toMatchObject({ slabs: 4, slabRows: 1024 });
    expect(shapeNativeProduct({ ...large, transposeB: true }, undefined).slabs).toBe(1);
  });

  it("are left to WASM where a side is too small for a library", async () => {
    const backend = createCpuBackend({ threads: 1 });
    const { capabilities } = backend;
    const [linear] = createNativeKernels();
    const accepted = (m: number, k: number, n: number): boolean =>
      linear!.accepts(
        {
          op: "linear",
          inputs: [tensorType([m, k]), tensorType([n, k])],
          outputs: [tensorType([m, n])],
          attributes: { transposeA: false, transposeB: true, bias: false, residual: false, activation: "" },
        },
        capabilities,
      ) !== undefined;
    expect([accepted(1024, 576, 16), accepted(1024, 576, 8)]).toEqual([true, false]);
    expect([accepted(1024, 16, 576), accepted(1024, 8, 576)]).toEqual([true, false]);
    expect([accepted(5, 576, 576), accepted(4, 576, 576)]).toEqual([true, false]);
    expect([accepted(64, 64, 16), accepted(63, 64, 16)]).toEqual([true, false]); // 2 ** 17 FLOPs
    await backend.dispose();
  });

  // Shapes of more than one slab (of 64 KiB) of decoded B, and of more than one tile with a rest in both directions.
  it.each<[string, Product]>([
    ["A·Bᵀ in bf16, slabs of columns", { m: 11, k: 131, n: 301, transposeB: true, format: bfloat16 }],
    ["A·B in bf16, slabs of k", { m: 11, k: 301, n: 131, format: bfloat16 }],
    ["Aᵀ·Bᵀ, many tiles", { m: 333, k: 97, n: 391, transposeA: true, transposeB: true }],
    ["Aᵀ·B, many tiles", { m: 333, k: 97, n: 391, transposeA: true }],
  ])("agree with the WASM kernels: %s", { timeout: 120_000 }, async (_name, item) => {
    const { m, k, n } = item;
    const operands = { a: values(m * k), b: values(k * n), residual: values(m * n) };
    const backends = [createCpuBackend({ threads: 2, wide: false }), open(1), open(3)];
    const [expected, one, three] = await Promise.all(backends.map((backend) => product(backend, item, operands)));
    await Promise.all(backends.map((backend) => backend.dispose()));
    expect(three).toEqual(one);
    // A rounding is u times a partial sum, which grows as √i to 4√k in the worst of the elements: over k roundings a deviation of
    // 4uk/√3, twice as there are two chains; four deviations, and silu's slope is at most 1.1.
    const bound = ((4 * 4 * 1.1 * Math.SQRT2) / Math.sqrt(3)) * 2 ** -24 * k;
    const worst = one!.reduce((most, value, index) => Math.max(most, Math.abs(value - expected![index]!)), 0);
    expect(worst).toBeLessThan(bound);
    expect(worst).toBeGreaterThan(0);
  });

  it("say when the library cannot be opened on a thread", async () => {
    const backend = open(2, "./no-such-gemm.ts");
    await expect(
      product(backend, { m: 8, k: 8, n: 8 }, { a: values(64), b: values(64), residual: values(64) }),
    ).rejects.toMatchObject({
      code: "DEVICE_UNAVAILABLE",
      message: expect.stringContaining("no-such-gemm"),
    });
    await backend.dispose();
  });

  it("put the library into the features of the backend", async () => {
    const backend = open(1);
    expect(backend.capabilities.features).toContain("gemm:plain");
    await backend.dispose();
  });
});
