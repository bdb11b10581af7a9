import type { OpDef } from "../op-def/op-def.ts";
import { attentionOp } from "./attention/attention.ts";
import { attentionBackwardOp } from "./attention/attention-backward.ts";
import { ropeOp } from "./attention/rope.ts";
import { fillOp } from "./create/fill.ts";
import { iotaOp } from "./create/iota.ts";
import { batchedMatmulOp } from "./linear/batched-matmul.ts";
import { linearOp } from "./linear/linear.ts";
import { layerNormBackwardOp, layerNormOp } from "./norm/layer-norm.ts";
import { rmsNormBackwardOp, rmsNormOp } from "./norm/rms-norm.ts";
import { adamwOp } from "./optimizer/adamw.ts";
import { allFiniteOp, sumOfSquaresOp } from "./optimizer/gradient-checks.ts";
import { sgdOp } from "./optimizer/sgd.ts";
import { dropoutOp } from "./pointwise/dropout.ts";
import { broadcastToOp, pointwiseOp, sumOp } from "./pointwise/pointwise.ts";
import { argMaxOp } from "./reduce/arg-max.ts";
import { logSumExpOp } from "./reduce/log-sum-exp.ts";
import { maxOp } from "./reduce/reduce.ts";
import { embeddingBackwardOp, embeddingOp } from "./rows/embedding.ts";
import { gatherRowsOp, scatterRowsOp } from "./rows/rows.ts";
import { concatOp } from "./shape/concat.ts";
import { copyOp } from "./shape/copy.ts";
import { debugOp, stopGradientOp } from "./shape/markers.ts";
import { reshapeOp } from "./shape/reshape.ts";
import { padOp, sliceOp } from "./shape/slice.ts";
import { splitOp } from "./shape/split.ts";
import { transposeOp } from "./shape/transpose.ts";
import { crossEntropyBackwardOp, crossEntropyOp } from "./softmax/cross-entropy.ts";
import { softmaxBackwardOp, softmaxOp } from "./softmax/softmax.ts";

/** Every op of this package, for conformance tests and documentation. */
export const coreOps: readonly OpDef[] = [
  pointwiseOp,
  broadcastToOp,
  sumOp,
  maxOp,
  argMaxOp,
  softmaxOp,
  softmaxBackwardOp,
  logSumExpOp,
  reshapeOp,
  sliceOp,
  splitOp,
  concatOp,
  padOp,
  transposeOp,
  copyOp,
  fillOp,
  iotaOp,
  debugOp,
  stopGradientOp,
  linearOp,
  batchedMatmulOp,
  embeddingOp,
  embeddingBackwardOp,
  gatherRowsOp,
  scatterRowsOp,
  ropeOp,
  rmsNormOp,
  rmsNormBackwardOp,
  layerNormOp,
  layerNormBackwardOp,
  attentionOp,
  attentionBackwardOp,
  crossEntropyOp,
  crossEntropyBackwardOp,
  dropoutOp,
  sumOfSquaresOp,
  allFiniteOp,
  adamwOp,
  sgdOp,
] as readonly unknown[] as readonly OpDef[];
