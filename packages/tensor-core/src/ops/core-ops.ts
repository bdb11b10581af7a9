import type { OpDef } from "../op/op-def.ts";
import { adamwOp } from "./adamw.ts";
import { argMaxOp } from "./arg-max.ts";
import { attentionOp } from "./attention.ts";
import { attentionBackwardOp } from "./attention-backward.ts";
import { batchedMatmulOp } from "./batched-matmul.ts";
import { concatOp } from "./concat.ts";
import { copyOp } from "./copy.ts";
import { crossEntropyBackwardOp, crossEntropyOp } from "./cross-entropy.ts";
import { dropoutOp } from "./dropout.ts";
import { embeddingBackwardOp, embeddingOp } from "./embedding.ts";
import { fillOp } from "./fill.ts";
import { allFiniteOp, sumOfSquaresOp } from "./gradient-checks.ts";
import { iotaOp } from "./iota.ts";
import { layerNormBackwardOp, layerNormOp } from "./layer-norm.ts";
import { linearOp } from "./linear.ts";
import { logSumExpOp } from "./log-sum-exp.ts";
import { debugOp, stopGradientOp } from "./markers.ts";
import { broadcastToOp, pointwiseOp, sumOp } from "./pointwise.ts";
import { maxOp } from "./reduce.ts";
import { reshapeOp } from "./reshape.ts";
import { rmsNormBackwardOp, rmsNormOp } from "./rms-norm.ts";
import { ropeOp } from "./rope.ts";
import { gatherRowsOp, scatterRowsOp } from "./rows.ts";
import { sgdOp } from "./sgd.ts";
import { padOp, sliceOp } from "./slice.ts";
import { softmaxBackwardOp, softmaxOp } from "./softmax.ts";
import { splitOp } from "./split.ts";
import { transposeOp } from "./transpose.ts";

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
