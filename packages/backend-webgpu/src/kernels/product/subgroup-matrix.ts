// Products on matrices of subgroups (tensor cores), where the caller asked for f16 products and the device has them.
import { type Capabilities, halfProducts, type KernelDef, type Signature, type WebgpuStage } from "@attune/tensor-core";
import { featureNames } from "../../device/capabilities.ts";
import { buildShader } from "../../shader/build-shader.ts";
import { gridOf } from "../../shader/grid.ts";
import { webgpuKernel } from "../define-kernel.ts";
import { epilogueBuffers, epilogueFunctions } from "./epilogue.ts";
import { loaderBuffers, loaderFunctions } from "./operand-loader.ts";
import { acceptsFormats, type Product, productWindows, residualInPlace, scratchOf } from "./product.ts";
import { orderTiles } from "./tile-order.ts";

/** Tiles below which a GPU is better filled by the smaller tiles of the plain kernel. */
const enoughTiles = 16;
const tile = 64;
const tileK = 32;

/** Sizes of the subgroup matrices of a device. */
export interface MatrixSizes {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** The largest matrices of a device that cut a tile evenly, undefined without any. */
export function matrixSizes({ features }: Capabilities): MatrixSizes | undefined {
  const sizes = [...features]
    .filter((feature) => feature.startsWith(featureNames.subgroupMatrix))
    .map((feature) => feature.slice(featureNames.subgroupMatrix.length).split("x").map(Number))
    .map(([m, n, k]): MatrixSizes => ({ m: m!, n: n!, k: k! }))
    .filter(({ m, n, k }) => 32 % m === 0 && 32 % n === 0 && tileK % k === 0 && n % 4 === 0);
  return sizes.sort((left, right) => right.m * right.n * right.k - left.m * left.n * left.k)[0];
}

/** A kernel on subgroup matrices for an op that is a product. */
export function subgroupMatrixKernel(op: string, productOf: (signature: Signature) => Product): KernelDef {
  return webgpuKernel({
    op,
    variant: "subgroup-matrix",
    ...(op === "linear" ? { inPlace: residualInPlace } : {}),
    accepts(signature, capabilities) {
      if (!capabilities.features.has(halfProducts) || matrixSizes(capabilities) === undefined) return undefined;
      if (!acceptsFormats(signature, capabilities)) return undefined;
      const { m, n, batches } = productOf(signature);
      return batches * Math.ceil(m / tile) * Math.ceil(n / tile) >= enoughTiles ? 1.5 : undefined;
    },
    lower(signature, capabilities) {
      const sizes = matrixSizes(capabilities)!;
      const spelling = {
        layouts: capabilities.features.has(featureNames.matrixLayouts),
        sized: capabilities.features.has(featureNames.subgroupSizeControl),
      };
      const parts = productWindows(productOf(signature), signature.inputs[1]!, capabilities);
      return { stages: parts.map((part) => matrixStage(part, sizes, spelling)), scratch: scratchOf(parts, []) };
    },
  });
}

/** How a device takes the shader: layouts as template arguments, and the size of its subgroups asked for. */
interface Spelling {
  readonly layouts: boolean;
  readonly sized: boolean;
}

function matrixStage(
  { m, n, k, batches, a, b, epilogue }: Product,
  sizes: MatrixSizes,
  { layouts, sized }: Spelling,
): WebgpuStage {
  const [tilesM, tilesN] = [Math.ceil(m / tile), Math.ceil(n / tile)];
  const { workgroups, gridWidth } = gridOf(tilesM * tilesN * batches);
  const order = orderTiles({ tilesM, tilesN, stripA: tile * k * 4, stripB: tile * k * b.elementBytes });
  const constants = {
    m,
    n,
    k,
    tiles_m: tilesM,
    tiles_n: tilesN,
    tile_k: tileK,
    panel: order.panel,
    grid_width: gridWidth,
    matrix_m: sizes.m,
    matrix_n: sizes.n,
    matrix_k: sizes.k,
  };
  const declarations = [loaderFunctions(a), loaderFunctions(b), epilogueFunctions(epilogue)];
  return {
    wgsl: buildShader("matrix-product-subgroup", {
      constants,
      flags: { layouts, sized, keeps_a: order.keepsA },
      declarations,
    }),
    buffers: [...loaderBuffers(a, order.a), ...loaderBuffers(b, order.b), ...epilogueBuffers(epilogue)],
    workgroups,
    features: ["f16", "subgroups", ...(sized ? (["subgroup-size-control"] as const) : []), "subgroup-matrix"],
  };
}
