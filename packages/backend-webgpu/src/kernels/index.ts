import type { KernelDef } from "@attune/tensor-core";
import { attentionKernels } from "./attention/attention.ts";
import { lookupKernels } from "./lookup.ts";
import { makingKernels } from "./make.ts";
import { movingKernels } from "./move.ts";
import { optimizerKernels } from "./optimizer/optimizers.ts";
import { pointwiseKernel } from "./pointwise.ts";
import { productKernels } from "./product/product-kernels.ts";
import { reduceKernels } from "./reduce.ts";
import { argMaxKernel } from "./rows/arg-max.ts";
import { normKernels } from "./rows/norm.ts";
import { softmaxKernels } from "./rows/softmax.ts";

/** All kernels of the WebGPU backend. */
export const webgpuKernels: readonly KernelDef[] = [
  pointwiseKernel,
  ...productKernels,
  ...attentionKernels,
  ...normKernels,
  ...softmaxKernels,
  ...reduceKernels,
  argMaxKernel,
  ...lookupKernels,
  ...optimizerKernels,
  ...movingKernels,
  ...makingKernels,
];
