// Every op: its definition (`…Op`) and the function that applies it.

export { activationExpressions } from "./activations.ts";
export { type AdamwAttributes, type AdamwOperands, adamw, adamwOp } from "./adamw.ts";
export { argMax, argMaxOp } from "./arg-max.ts";
export { type AttentionOptions, attention, attentionOp } from "./attention.ts";
export { attentionBackwardOp } from "./attention-backward.ts";
export {
  type AttentionAttributes,
  type AttentionExtent,
  type AttentionExtra,
  type AttentionExtraValues,
  attentionExtent,
  attentionExtras,
  extrasOf,
} from "./attention-operands.ts";
export { type BatchedMatmulAttributes, batchedMatmul, batchedMatmulOp } from "./batched-matmul.ts";
export { broadcastShapes } from "./broadcast.ts";
export { type ConcatAttributes, concat, concatOp } from "./concat.ts";
export { copyOp } from "./copy.ts";
export { coreOps } from "./core-ops.ts";
export { crossEntropy, crossEntropyBackwardOp, crossEntropyOp, ignoredLabel } from "./cross-entropy.ts";
export { type DropoutAttributes, dropout, dropoutOp, dropoutThreshold } from "./dropout.ts";
export {
  abs,
  add,
  cast,
  clamp,
  cos,
  div,
  equal,
  erf,
  exp,
  floor,
  gelu,
  geluTanh,
  isNaN,
  less,
  lessEqual,
  log,
  maximum,
  minimum,
  mul,
  neg,
  type Operand,
  relu,
  rsqrt,
  sigmoid,
  silu,
  sin,
  softplus,
  sqrt,
  square,
  sub,
  tanh,
  where,
} from "./elementwise.ts";
export {
  type EmbeddingBackwardAttributes,
  embedding,
  embeddingBackward,
  embeddingBackwardOp,
  embeddingOp,
} from "./embedding.ts";
export { fill, fillOp } from "./fill.ts";
export { allFinite, allFiniteOp, sumOfSquares, sumOfSquaresOp } from "./gradient-checks.ts";
export { iota, iotaOp } from "./iota.ts";
export {
  type LayerNormAttributes,
  type LayerNormBackwardAttributes,
  layerNorm,
  layerNormBackwardOp,
  layerNormOp,
} from "./layer-norm.ts";
export {
  type Activation,
  type LinearAttributes,
  type LinearOptions,
  linear,
  linearExtent,
  linearOp,
  matmul,
} from "./linear.ts";
export { logSoftmax, logSumExp, logSumExpOp } from "./log-sum-exp.ts";
export { debug, debugOp, stopGradient, stopGradientOp } from "./markers.ts";
export { hyperColumns, type Segment } from "./optimizer-operands.ts";
export {
  type BroadcastToAttributes,
  broadcastTo,
  broadcastToOp,
  type PointwiseAttributes,
  pointwise,
  pointwiseOp,
  sumOp,
  sumTo,
} from "./pointwise.ts";
export { l2Norm, max, maxOp, mean, type ReduceOptions, sum } from "./reduce.ts";
export type { ReduceAttributes } from "./reduce-values.ts";
export { type ReshapeAttributes, reshape, reshapeOp } from "./reshape.ts";
export {
  type RmsNormAttributes,
  type RmsNormBackwardAttributes,
  rmsNorm,
  rmsNormBackwardOp,
  rmsNormOp,
} from "./rms-norm.ts";
export { type RopeAttributes, rope, ropeOp } from "./rope.ts";
export { gatherRows, gatherRowsOp, scatterRows, scatterRowsOp } from "./rows.ts";
export { type SgdAttributes, type SgdOperands, sgd, sgdOp } from "./sgd.ts";
export { type PadAttributes, pad, padOp, type SliceAttributes, slice, sliceOp } from "./slice.ts";
export { softmax, softmaxBackwardOp, softmaxOp } from "./softmax.ts";
export { type SplitAttributes, split, splitOp } from "./split.ts";
export { type TransposeAttributes, transpose, transposeOp } from "./transpose.ts";
