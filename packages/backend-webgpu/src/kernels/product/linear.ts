// Kernels of "linear" and "batchedMatmul".
import {
  halfProducts,
  type KernelDef,
  type LinearAttributes,
  type Signature,
  type WebgpuKernelCode,
  type WebgpuStage,
} from "@attune/tensor-core";
import { subgroupSize } from "../../device/capabilities.ts";
import { buildShader } from "../../shader/build-shader.ts";
import { gridOf } from "../../shader/grid.ts";
import { flatStage, scratch, webgpuKernel } from "../define-kernel.ts";
import { type Epilogue, epilogueBuffers, epilogueFunctions, storeOneFunction } from "./epilogue.ts";
import { loaderBuffers, loaderFunctions } from "./operand-loader.ts";
import {
  acceptsFormats,
  batchedProduct,
  linearProduct,
  type Product,
  productWindows,
  residualInPlace,
  scratchOf,
  splitsScratch,
} from "./product.ts";
import { type ProductShape, tileProduct } from "./product-shape.ts";
import { subgroupMatrixKernel } from "./subgroup-matrix.ts";
import { orderTiles } from "./tile-order.ts";

/** The stages of a tiled product. */
function lowerTiled(product: Product, shape: ProductShape, halfOperands: boolean): Omit<WebgpuKernelCode, "backend"> {
  const { m, n, k, batches, a, b, epilogue } = product;
  const { splits } = shape;
  const { workgroups, gridWidth } = gridOf(shape.tilesM * shape.tilesN * batches * splits);
  const partial: Epilogue = {
    m,
    n,
    wide: n % 4 === 0,
    activation: "",
    output: scratch("", splitsScratch),
  };
  const stored = splits === 1 ? epilogue : partial;
  const order = orderTiles({
    tilesM: shape.tilesM,
    tilesN: shape.tilesN,
    stripA: shape.tileM * shape.splitK * 4,
    stripB: shape.tileN * shape.splitK * b.elementBytes,
  });
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
    panel: order.panel,
    grid_width: gridWidth,
  };
  const tiles = {
    wgsl: buildShader("matrix-product", {
      constants,
      flags: { half_operands: halfOperands, keeps_a: order.keepsA },
      declarations: [loaderFunctions(a), loaderFunctions(b), epilogueFunctions(stored)],
    }),
    buffers: [...loaderBuffers(a, order.a), ...loaderBuffers(b, order.b), ...epilogueBuffers(stored)],
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
      {
        name: "partial_sums",
        type: n % 4 === 0 ? "array<vec4f>" : "array<f32>",
        source: "scratch",
        index: splitsScratch,
      },
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
    ...(op === "linear" ? { inPlace: residualInPlace } : {}),
    accepts: (signature, capabilities) => {
      if (capabilities.features.has(halfProducts) !== half) return undefined;
      return acceptsFormats(signature, capabilities) ? 2 : undefined;
    },
    lower(signature, capabilities) {
      const parts = productWindows(productOf(signature), signature.inputs[1]!, capabilities);
      const lowered = parts.map((part) => lowerTiled(part, tileProduct(part), half));
      // Parts run one after the other and may use the same scratch.
      const scratch = scratchOf(
        parts,
        lowered.flatMap((part) => part.scratch ?? []),
      );
      return { stages: lowered.flatMap((part) => part.stages), scratch };
    },
  });
}

/** Rows up to which the weight is read once by threads along k. */
const fewRows = 4;

const fewRowsKernel = webgpuKernel({
  op: "linear",
  variant: "few-rows",
  inPlace: residualInPlace,
  accepts(signature, capabilities) {
    const { transposeA, transposeB } = signature.attributes as unknown as LinearAttributes;
    if (!acceptsFormats(signature, capabilities) || transposeA || !transposeB) return undefined;
    const { m, k } = linearProduct(signature);
    return m <= fewRows && k > 0 ? 1 : undefined;
  },
  lower(signature, capabilities) {
    const parts = productWindows(linearProduct(signature), signature.inputs[1]!, capabilities);
    return { stages: parts.map((part) => fewRowsStage(part, subgroupSize(capabilities))) };
  },
});

/** Threads of a subgroup that are enough to share a row: with fewer, workgroup memory lets more of them do so. */
export const enoughLanes = 4;

function fewRowsStage({ m, n, k, a, b, epilogue: given }: Product, subgroup: number): WebgpuStage {
  const epilogue = { ...given, wide: false };
  const subgroups = subgroup >= enoughLanes;
  const lanes = Math.min(subgroups ? subgroup : 64, 2 ** Math.ceil(Math.log2(Math.max(1, k / 16))));
  const { workgroups, gridWidth } = gridOf(Math.ceil(n / (64 / lanes)));
  const wgsl = buildShader("few-rows", {
    constants: { m, n, k, lanes, grid_width: gridWidth },
    flags: { subgroups },
    declarations: [loaderFunctions(a), loaderFunctions(b), epilogueFunctions(epilogue), storeOneFunction(epilogue)],
  });
  const again = { passes: workgroups[0] * workgroups[1], apart: m * k * 4 + (64 / lanes) * k * 4 };
  const buffers = [...loaderBuffers(a, again), ...loaderBuffers(b, {}), ...epilogueBuffers(epilogue)];
  return { wgsl, buffers, workgroups, ...(subgroups ? { features: ["subgroups"] as const } : {}) };
}

/** Kernels of matrix products. */
export const productKernels: readonly KernelDef[] = [
  tiledKernel("linear", "tiled", linearProduct, false),
  tiledKernel("linear", "tiled-f16", linearProduct, true),
  tiledKernel("batchedMatmul", "tiled", batchedProduct, false),
  tiledKernel("batchedMatmul", "tiled-f16", batchedProduct, true),
  subgroupMatrixKernel("linear", linearProduct),
  subgroupMatrixKernel("batchedMatmul", batchedProduct),
  fewRowsKernel,
];
