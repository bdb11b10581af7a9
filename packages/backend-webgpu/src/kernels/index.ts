import type { KernelDef } from "@attune/tensor-core";
import { attentionKernels } from "./attention/attention.ts";
import { dropoutKernel } from "./dropout.ts";
import { fillKernels } from "./fill.ts";
import { optimizerKernels } from "./optimizer/optimizers.ts";
import { pointwiseKernel } from "./pointwise.ts";
import { productKernels } from "./product/product-kernels.ts";
import { reduceKernels } from "./reduce.ts";
import { argMaxKernel } from "./rows/arg-max.ts";
import { embeddingKernels } from "./rows/embedding.ts";
import { normKernels } from "./rows/norm.ts";
import { ropeKernel } from "./rows/rope.ts";
import { softmaxKernels } from "./rows/softmax.ts";
import { copyKernels } from "./strided-copy.ts";

/** All kernels of the WebGPU backend. */
export const webgpuKernels: readonly KernelDef[] = [
  pointwiseKernel,
  ...productKernels,
  ...attentionKernels,
  ...normKernels,
  ...softmaxKernels,
  ...reduceKernels,
  argMaxKernel,
  ...embeddingKernels,
  ropeKernel,
  ...optimizerKernels,
  ...copyKernels,
  ...fillKernels,
  dropoutKernel,
];
