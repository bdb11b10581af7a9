import type { KernelDef } from "@attune/tensor-core";
import { attentionBackwardKernel } from "./attention/attention-backward.ts";
import { attentionDecodeKernel } from "./attention/attention-decode.ts";
import { attentionKernel } from "./attention/attention-forward.ts";
import { dropoutKernel } from "./dropout.ts";
import { fillKernels } from "./fill.ts";
import { optimizerKernels } from "./optimizer/rules.ts";
import { wholeTensorKernels } from "./optimizer/whole-tensor.ts";
import { pointwiseKernel } from "./pointwise.ts";
import { fewRowsKernel } from "./product/few-rows.ts";
import { batchedMatmulKernel, linearKernel } from "./product/linear.ts";
import { crossEntropyKernels } from "./rows/cross-entropy.ts";
import { embeddingKernels } from "./rows/embedding.ts";
import { normKernels } from "./rows/norm.ts";
import { normBackwardKernels } from "./rows/norm-backward.ts";
import { reduceKernels } from "./rows/reduce.ts";
import { ropeKernel } from "./rows/rope.ts";
import { softmaxKernels } from "./rows/softmax.ts";
import { copyKernels } from "./strided-copy.ts";

/** All kernels of the CPU backend. */
export const cpuKernels: readonly KernelDef[] = [
  pointwiseKernel,
  linearKernel,
  fewRowsKernel,
  batchedMatmulKernel,
  attentionKernel,
  attentionDecodeKernel,
  attentionBackwardKernel,
  ...normKernels,
  ...normBackwardKernels,
  ...softmaxKernels,
  ...crossEntropyKernels,
  ...embeddingKernels,
  ropeKernel,
  ...optimizerKernels,
  ...wholeTensorKernels,
  ...reduceKernels,
  dropoutKernel,
  ...copyKernels,
  ...fillKernels,
];
