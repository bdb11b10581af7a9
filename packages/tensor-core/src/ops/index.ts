// Every op: its definition (`…Op`) and the function that applies it.

export { type AttentionOptions, attention, attentionOp } from "./attention/attention.ts";
export { attentionBackwardOp } from "./attention/attention-backward.ts";
export {
  type AttentionAttributes,
  type AttentionExtent,
  type AttentionExtra,
  type AttentionExtraValues,
  attentionExtent,
  attentionExtras,
  extrasOf,
} from "./attention/attention-operands.ts";
export { type RopeAttributes, rope, ropeOp } from "./attention/rope.ts";
export { coreOps } from "./core-ops.ts";
export { fill, fillOp } from "./create/fill.ts";
export { iota, iotaOp } from "./create/iota.ts";
export { type BatchedMatmulAttributes, batchedMatmul, batchedMatmulOp } from "./linear/batched-matmul.ts";
export {
  type Activation,
  type LinearAttributes,
  type LinearOptions,
  linear,
  linearExtent,
  linearOp,
  matmul,
} from "./linear/linear.ts";
export {
  type LayerNormAttributes,
  type LayerNormBackwardAttributes,
  layerNorm,
  layerNormBackwardOp,
  layerNormOp,
} from "./norm/layer-norm.ts";
export {
  type RmsNormAttributes,
  type RmsNormBackwardAttributes,
  rmsNorm,
  rmsNormBackwardOp,
  rmsNormOp,
} from "./norm/rms-norm.ts";
export { type AdamwAttributes, type AdamwOperands, adamw, adamwOp } from "./optimizer/adamw.ts";
export { allFinite, allFiniteOp, sumOfSquares, sumOfSquaresOp } from "./optimizer/gradient-checks.ts";
export type { Segment } from "./optimizer/optimizer-operands.ts";
export { type SgdAttributes, type SgdOperands, sgd, sgdOp } from "./optimizer/sgd.ts";
export { activationExpression, activationExpressions } from "./pointwise/activations.ts";
export { broadcastShapes } from "./pointwise/broadcast.ts";
export { type DropoutAttributes, dropout, dropoutOp, dropoutThreshold } from "./pointwise/dropout.ts";
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
} from "./pointwise/elementwise.ts";
export {
  type BroadcastToAttributes,
  broadcastTo,
  broadcastToOp,
  type PointwiseAttributes,
  pointwise,
  pointwiseOp,
  sumOp,
  sumTo,
} from "./pointwise/pointwise.ts";
export { argMax, argMaxOp } from "./reduce/arg-max.ts";
export { logSoftmax, logSumExp, logSumExpOp } from "./reduce/log-sum-exp.ts";
export { l2Norm, max, maxOp, mean, type ReduceOptions, sum } from "./reduce/reduce.ts";
export type { ReduceAttributes } from "./reduce/reduce-values.ts";
export {
  type EmbeddingBackwardAttributes,
  embedding,
  embeddingBackward,
  embeddingBackwardOp,
  embeddingOp,
} from "./rows/embedding.ts";
export { gatherRows, gatherRowsOp, scatterRows, scatterRowsOp } from "./rows/rows.ts";
export { type ConcatAttributes, concat, concatOp } from "./shape/concat.ts";
export { copyOp } from "./shape/copy.ts";
export { debug, debugOp, stopGradient, stopGradientOp } from "./shape/markers.ts";
export { type ReshapeAttributes, reshape, reshapeOp } from "./shape/reshape.ts";
export { type PadAttributes, pad, padOp, type SliceAttributes, slice, sliceOp } from "./shape/slice.ts";
export { type SplitAttributes, split, splitOp } from "./shape/split.ts";
export { type TransposeAttributes, transpose, transposeOp } from "./shape/transpose.ts";
export { crossEntropy, crossEntropyBackwardOp, crossEntropyOp, ignoredLabel } from "./softmax/cross-entropy.ts";
export { softmax, softmaxBackwardOp, softmaxOp } from "./softmax/softmax.ts";
