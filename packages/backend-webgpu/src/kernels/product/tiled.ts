// Products in square tiles, each of a workgroup: panels of both operands go through workgroup memory. Where there are few tiles, ranges of
// k are summed apart and added by a second stage.
import {
  halfProducts,
  type KernelDef,
  type Signature,
  type WebgpuKernelCode,
  type WebgpuStage,
} from "@attune/tensor-core";
import { buildShader } from "../../shader/build-shader.ts";
import { gridOf } from "../../shader/grid.ts";
import { flatStage, scratch, webgpuKernel } from "../define-kernel.ts";
import { type Epilogue, epilogueBuffers, epilogueFunctions } from "./epilogue.ts";
import { loaderBuffers, loaderFunctions } from "./operand-loader.ts";
import { acceptsFormats, type Product, productWindows, residualInPlace, scratchOf, splitsScratch } from "./product.ts";
import { type ProductShape, tileProduct } from "./product-shape.ts";
import { orderTiles } from "./tile-order.ts";

/** A kernel for an op that is a product; `half` where the caller asked for f16 products. */
export function tiledKernel(
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

/** The stages of a product. */
function lowerTiled(product: Product, shape: ProductShape, half: boolean): Omit<WebgpuKernelCode, "backend"> {
  const { m, n, batches, epilogue } = product;
  const { splits } = shape;
  if (splits === 1) return { stages: [tilesStage(product, shape, epilogue, half)] };
  const partial: Epilogue = { m, n, wide: n % 4 === 0, activation: "", output: scratch("", splitsScratch) };
  return {
    stages: [tilesStage(product, shape, partial, half), foldStage(product, splits)],
    scratch: [batches * splits * m * n * 4],
  };
}

/** Sums of all tiles, or of their ranges of k, as `stored` says. */
function tilesStage(
  { m, n, k, batches, a, b }: Product,
  { tileM, tileN, tileK, tilesM, tilesN, splits, splitK }: ProductShape,
  stored: Epilogue,
  half: boolean,
): WebgpuStage {
  const { workgroups, gridWidth } = gridOf(tilesM * tilesN * batches * splits);
  const order = orderTiles({ tilesM, tilesN, stripA: tileM * splitK * 4, stripB: tileN * splitK * b.elementBytes });
  const constants = {
    m,
    n,
    k,
    splits,
    split_k: splitK,
    tiles_m: tilesM,
    tiles_n: tilesN,
    tile_m: tileM,
    tile_n: tileN,
    tile_k: tileK,
    rows_per_thread: tileM / 8,
    columns_per_thread: tileN / 8,
    panel: order.panel,
    grid_width: gridWidth,
  };
  return {
    wgsl: buildShader("matrix-product", {
      constants,
      flags: { half_operands: half, keeps_a: order.keepsA },
      declarations: [loaderFunctions(a), loaderFunctions(b), epilogueFunctions(stored)],
    }),
    buffers: [...loaderBuffers(a, order.a), ...loaderBuffers(b, order.b), ...epilogueBuffers(stored)],
    workgroups,
    ...(half ? { features: ["f16"] as const } : {}),
  };
}

/** Adds the sums of the ranges of k. */
function foldStage({ m, n, batches, epilogue }: Product, splits: number): WebgpuStage {
  const wide = n % 4 === 0;
  return flatStage(
    batches * m * Math.ceil(n / 4),
    (flat) =>
      buildShader("fold-splits", {
        constants: { ...flat, m, n, splits },
        flags: { wide },
        declarations: [epilogueFunctions(epilogue)],
      }),
    [
      {
        name: "partial_sums",
        type: wide ? "array<vec4f>" : "array<f32>",
        source: "scratch",
        index: splitsScratch,
      },
      ...epilogueBuffers(epilogue),
    ],
  );
}
