import type { KernelDef } from "@attune/tensor-core";
import { fewRowsKernel } from "./few-rows.ts";
import { batchedProduct, linearProduct } from "./product.ts";
import { subgroupMatrixKernel } from "./subgroup-matrix.ts";
import { tiledKernel } from "./tiled.ts";

/** Kernels of "linear" and "batchedMatmul". */
export const productKernels: readonly KernelDef[] = [
  tiledKernel("linear", "tiled", linearProduct, false),
  tiledKernel("linear", "tiled-f16", linearProduct, true),
  tiledKernel("batchedMatmul", "tiled", batchedProduct, false),
  tiledKernel("batchedMatmul", "tiled-f16", batchedProduct, true),
  subgroupMatrixKernel("linear", linearProduct),
  subgroupMatrixKernel("batchedMatmul", batchedProduct),
  fewRowsKernel,
];
