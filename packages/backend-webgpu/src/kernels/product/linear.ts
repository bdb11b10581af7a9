// Kernels of "linear" and "batchedMatmul".
import {
  type BatchedMatmulAttributes,
  type Capabilities,
  type KernelDef,
  type LinearAttributes,
  linearExtent,
  type Signature,
  type TensorType,
  type WebgpuBuffer,
  type WebgpuKernelCode,
} from "@attune/tensor-core";
import { featureNames } from "../../device/capabilities.ts";
import { buildShader } from "../../shader/build-shader.ts";
import { gridOf } from "../../shader/grid.ts";
import { flatStage, operand, webgpuKernel } from "../define-kernel.ts";
import { bindingOf, componentBuffers } from "../stored-operand.ts";
import { type Epilogue, epilogueBuffers, epilogueFunctions, storeOneFunction } from "./epilogue.ts";
import { loaderBuffers, loaderFunctions, type StoredMatrix } from "./operand-loader.ts";
import { type ProductShape, tileProduct } from "./product-shape.ts";

/** A product as its kernels see it. */
export interface Product {
  readonly batches: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: StoredMatrix;
  readonly b: StoredMatrix;
  readonly epilogue: Epilogue;
}

function acceptsFormats({ inputs }: Signature): boolean {
  return inputs.every((type, index) =>
    index === 1 ? type.format.decoders.wgsl !== undefined : type.format.id === "f32",
  );
}

function storedMatrix(
  name: "a" | "b",
  type: TensorType,
  transposed: boolean,
  buffers: readonly WebgpuBuffer[],
): StoredMatrix {
  const { shape, format } = type;
  const columns = shape.at(-1)!;
  const rows =
    name === "a" && shape.length !== 3
      ? shape.slice(0, -1).reduce((product, size) => product * size, 1)
      : shape.at(-2)!;
  // A is [m, k], B is [k, n] unless transposed.
  const alongK = name === "a" ? !transposed : transposed;
  const decode = format.id === "f32" ? {} : { decode: format.decoders.wgsl! };
  return { name, rows, columns, alongK, buffers, ...decode };
}

/** The product of a linear node. */
export function linearProduct(signature: Signature): Product {
  const { transposeA, transposeB, bias, residual, activation } = signature.attributes as unknown as LinearAttributes;
  const [a, b] = signature.inputs as [TensorType, TensorType];
  const { m, k, n } = linearExtent(a, b, { transposeA, transposeB });
  const last = signature.inputs.length - 1;
  const plain = (input: number): WebgpuBuffer => operand("", bindingOf(signature, input));
  const rowsOfA = { ...a, shape: [a.shape.slice(0, -1).reduce((product, size) => product * size, 1), a.shape.at(-1)!] };
  return {
    batches: 1,
    m,
    n,
    k,
    a: storedMatrix("a", rowsOfA, transposeA, [operand("a", 0)]),
    b: storedMatrix("b", b, transposeB, b.format.id === "f32" ? [operand("b", 1)] : componentBuffers(signature, 1)),
    epilogue: {
      m,
      n,
      wide: n % 4 === 0,
      activation,
      bias: bias ? plain(2) : undefined,
      residual: residual ? plain(last) : undefined,
      output: plain(last + 1),
    },
  };
}

function batchedProduct(signature: Signature): Product {
  const { transposeA, transposeB } = signature.attributes as unknown as BatchedMatmulAttributes;
  const [a, b] = signature.inputs as [TensorType, TensorType];
  const [batches, m, n] = signature.outputs[0]!.shape as [number, number, number];
  const k = a.shape[transposeA ? 1 : 2]!;
  return {
    batches,
    m,
    n,
    k,
    a: storedMatrix("a", a, transposeA, [operand("a", 0)]),
    b: storedMatrix("b", b, transposeB, b.format.id === "f32" ? [operand("b", 1)] : componentBuffers(signature, 1)),
    epilogue: { m, n, wide: n % 4 === 0, activation: "", output: operand("", bindingOf(signature, 2)) },
  };
}

/** The stages of a tiled product. */
export function lowerTiled(
  product: Product,
  shape: ProductShape,
  halfOperands: boolean,
): Omit<WebgpuKernelCode, "backend"> {
  const { m, n, k, batches, a, b, epilogue } = product;
  const { splits } = shape;
  const { workgroups, gridWidth } = gridOf(shape.tilesM * shape.tilesN * batches * splits);
  const partial: Epilogue = {
    m,
    n,
    wide: n % 4 === 0,
    activation: "",
    output: { name: "", type: "", source: "scratch", index: 0 },
  };
  const stored = splits === 1 ? epilogue : partial;
  const constants = {
    m,
    n,
    k,
    splits,
    split_k: shape.splitK,
    tiles_m: shape.tilesM,
    tiles_n: shape.tilesN,
    tile_m: shape.tileM,
    tile_n: shape.tileN,
    tile_k: shape.tileK,
    rows_per_thread: shape.tileM / 8,
    columns_per_thread: shape.tileN / 8,
    grid_width: gridWidth,
  };
  const tiles = {
    wgsl: buildShader("matrix-product", {
      constants,
      flags: { half_operands: halfOperands },
      declarations: [loaderFunctions(a), loaderFunctions(b), epilogueFunctions(stored)],
    }),
    buffers: [...loaderBuffers(a), ...loaderBuffers(b), ...epilogueBuffers(stored)],
    workgroups,
    ...(halfOperands ? { features: ["f16"] as const } : {}),
  };
  if (splits === 1) return { stages: [tiles] };
  const fold = flatStage(
    batches * m * Math.ceil(n / 4),
    (flat) =>
      buildShader("fold-splits", {
        constants: { ...flat, m, n, splits },
        flags: { wide: n % 4 === 0 },
        declarations: [epilogueFunctions(epilogue)],
      }),
    [
      { name: "partial_sums", type: n % 4 === 0 ? "array<vec4f>" : "array<f32>", source: "scratch", index: 0 },
      ...epilogueBuffers(epilogue),
    ],
  );
  return { stages: [tiles, fold], scratch: [batches * splits * m * n * 4] };
}

function tiledKernel(
  op: string,
  variant: string,
  productOf: (signature: Signature) => Product,
  half: boolean,
): KernelDef {
  return webgpuKernel({
    op,
    variant,
    accepts: (signature, { features }) => {
      if (!acceptsFormats(signature) || features.has(featureNames.f16Products) !== half) return undefined;
      return 2;
    },
    lower(signature, capabilities) {
      const product = productOf(signature);
      return lowerTiled(product, tileProduct(product, capabilities), half);
    },
  });
}

/** Rows up to which the weight is read once by threads along k. */
const fewRows = 4;

const fewRowsKernel = webgpuKernel({
  op: "linear",
  variant: "few-rows",
  accepts(signature, _capabilities: Capabilities) {
    const { transposeA, transposeB } = signature.attributes as unknown as LinearAttributes;
    if (!acceptsFormats(signature) || transposeA || !transposeB) return undefined;
    const { m, k } = linearProduct(signature);
    return m <= fewRows && k > 0 ? 1 : undefined;
  },
  lower(signature) {
    const { m, n, k, a, b, epilogue: fused } = linearProduct(signature);
    const epilogue = { ...fused, wide: false };
    const lanes = Math.min(64, 2 ** Math.ceil(Math.log2(Math.max(1, k / 16))));
    const { workgroups, gridWidth } = gridOf(Math.ceil(n / (64 / lanes)));
    const wgsl = buildShader("few-rows", {
      constants: { m, n, k, lanes, grid_width: gridWidth },
      declarations: [loaderFunctions(a), loaderFunctions(b), epilogueFunctions(epilogue), storeOneFunction(epilogue)],
    });
    const buffers = [...loaderBuffers(a), ...loaderBuffers(b), ...epilogueBuffers(epilogue)];
    return { stages: [{ wgsl, buffers, workgroups }] };
  },
});

/** Kernels of matrix products. */
export const productKernels: readonly KernelDef[] = [
  tiledKernel("linear", "tiled", linearProduct, false),
  tiledKernel("linear", "tiled-f16", linearProduct, true),
  tiledKernel("batchedMatmul", "tiled", batchedProduct, false),
  tiledKernel("batchedMatmul", "tiled-f16", batchedProduct, true),
  fewRowsKernel,
];
