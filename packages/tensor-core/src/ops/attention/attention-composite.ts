// Attention from simpler ops, with every option; it keeps [T, S] scores in memory, so kernels replace it where they can.
// Heads that share keys are stacked along the query axis: [B · Hkv, G · T, D] against [B · Hkv, S, D].
import type { Tensor } from "../../graph/tensor.ts";
import { batchedMatmul } from "../linear/batched-matmul.ts";
import { abs, add, cast, exp, log, mul, neg, square, sub, tanh, where } from "../pointwise/elementwise.ts";
import { broadcastTo } from "../pointwise/pointwise.ts";
import { logSumExp } from "../reduce/log-sum-exp.ts";
import { max, sum } from "../reduce/reduce.ts";
import { embedding, embeddingBackward } from "../rows/embedding.ts";
import { gatherRows } from "../rows/rows.ts";
import { concat } from "../shape/concat.ts";
import { reshape } from "../shape/reshape.ts";
import { transpose } from "../shape/transpose.ts";
import { type Positions, positionsOf, relativeEntries, visibility } from "./attention-mask.ts";
import {
  type AttentionAttributes,
  type AttentionExtent,
  type AttentionExtraValues,
  attentionExtent,
  extrasOf,
} from "./attention-operands.ts";

/** Stands for -Infinity, so that rows without keys make no NaN. */
const maskedScore = -3e38;

interface Prepared {
  readonly extent: AttentionExtent;
  readonly extras: AttentionExtraValues<Tensor>;
  /** [B · Hkv, G · T, D] */
  readonly q: Tensor;
  /** [B · Hkv, S, D] */
  readonly k: Tensor;
  readonly v: Tensor;
  /** Scores after cap and bias, [B, Hq, T, S]; masked ones are `maskedScore`. */
  readonly scores: Tensor;
  /** Scores after the cap alone. */
  readonly capped: Tensor;
  /** 1 where visible, broadcasts to the scores; absent where everything is. */
  readonly mask: Tensor | undefined;
  /** Entry of the relative bias table, i32 [B or 1, T, S]. */
  readonly relative: Tensor | undefined;
}

/** [B, T, Hq, D] to [B · Hkv, G · T, D]. */
function stackQueries(x: Tensor, { batch, queries, heads, keyHeads, size }: AttentionExtent): Tensor {
  return reshape(transpose(x, [0, 2, 1, 3]), [batch * keyHeads, (heads / keyHeads) * queries, size]);
}

/** [B · Hkv, G · T, D] back to [B, T, Hq, D]. */
function unstackQueries(x: Tensor, { batch, queries, heads, size }: AttentionExtent): Tensor {
  return transpose(reshape(x, [batch, heads, queries, size]), [0, 2, 1, 3]);
}

/** Keys or values to [B · Hkv, S, D], through the cache table if there is one. */
function stackKeys(
  x: Tensor,
  cacheTable: Tensor | undefined,
  { batch, keys, keyHeads, size }: AttentionExtent,
): Tensor {
  const rows = cacheTable ? gatherRows(x, reshape(cacheTable, [-1])) : x;
  return reshape(transpose(reshape(rows, [batch, keys, keyHeads, size]), [0, 2, 1, 3]), [batch * keyHeads, keys, size]);
}

/** The gradient of `stackKeys`. */
function unstackKeys(
  dx: Tensor,
  x: Tensor,
  cacheTable: Tensor | undefined,
  { batch, keys, keyHeads, size, blockSize }: AttentionExtent,
): Tensor {
  const rows = transpose(reshape(dx, [batch, keyHeads, keys, size]), [0, 2, 1, 3]);
  if (!cacheTable) return rows;
  const table = reshape(cacheTable, [-1]);
  const flat = reshape(rows, [table.shape[0]!, blockSize * keyHeads * size]);
  return reshape(embeddingBackward(table, flat, { rows: x.shape[0]! }), x.shape);
}

function prepare(inputs: readonly Tensor[], attributes: AttentionAttributes, required: number): Prepared {
  const [q, k, v] = inputs as [Tensor, Tensor, Tensor];
  const extras = extrasOf(inputs, attributes, required);
  const extent = attentionExtent(q.type, k.type, extras.cacheTable?.type);
  const { batch, heads, queries, keys } = extent;
  const [stackedQ, stackedK, stackedV] = [
    stackQueries(q, extent),
    stackKeys(k, extras.cacheTable, extent),
    stackKeys(v, extras.cacheTable, extent),
  ];
  const raw = mul(
    reshape(batchedMatmul(stackedQ, stackedK, { transposeB: true }), [batch, heads, queries, keys]),
    attributes.scale,
  );
  const { softcap } = attributes;
  const capped = softcap > 0 ? mul(tanh(mul(raw, 1 / softcap)), softcap) : raw;
  const positions = positionsOf(q, extras, extent);
  const relative = relativeEntries(extras.bias, positions, extent);
  const biased = addBias(capped, extras, positions, relative);
  const mask = visibility(attributes, extras, positions, extent);
  return {
    extent,
    extras,
    q: stackedQ,
    k: stackedK,
    v: stackedV,
    capped,
    scores: mask ? where(mask, biased, maskedScore) : biased,
    mask,
    relative,
  };
}

function addBias(
  scores: Tensor,
  { bias, alibi }: AttentionExtraValues<Tensor>,
  { query, key }: Positions,
  relative: Tensor | undefined,
): Tensor {
  let result = scores;
  if (bias && relative) result = add(result, transpose(embedding(relative, transpose(bias, [1, 0])), [0, 3, 1, 2]));
  else if (bias) result = add(result, reshape(bias, [1, ...bias.shape]));
  if (!alibi) return result;
  const slope = reshape(alibi, [1, alibi.shape[0]!, 1, 1]);
  return sub(result, mul(slope, cast(abs(sub(query, key)), "f32")));
}

/** Outputs o and lse, as the op's. */
export function attentionComposite(inputs: readonly Tensor[], attributes: AttentionAttributes): readonly Tensor[] {
  const prepared = prepare(inputs, attributes, 3);
  const { extent, extras, scores, mask, v } = prepared;
  const { batch, heads, queries, keyHeads, keys } = extent;
  const total = totalOf(prepared);
  const output = batchedMatmul(
    reshape(weightsOf(prepared, total), [batch * keyHeads, (heads / keyHeads) * queries, keys]),
    v,
  );
  return [unstackQueries(output, extent), mask && !extras.sinks ? add(total, log(seesAny(mask, scores))) : total];
}

/** ln Σ e^score of every row, with the sink. */
function totalOf({ scores, extras: { sinks }, extent: { batch, heads, queries } }: Prepared): Tensor {
  if (!sinks) return logSumExp(scores);
  const column = broadcastTo(reshape(sinks, [1, heads, 1, 1]), [batch, heads, queries, 1]);
  return logSumExp(concat([scores, column], 3));
}

/** Probabilities [B, Hq, T, S], 0 where masked. */
function weightsOf({ scores, mask }: Prepared, total: Tensor): Tensor {
  const weights = exp(sub(scores, reshape(total, [...total.shape, 1])));
  return mask ? where(mask, weights, 0) : weights;
}

/** 1 for rows that see a key, else 0, [B, Hq, T]: its logarithm makes the lse of blind rows -Infinity. */
function seesAny(mask: Tensor, scores: Tensor): Tensor {
  const any = max(mask, { axes: [3] });
  return broadcastTo(any, scores.shape.slice(0, 3));
}

/** Outputs dq, dk, dv and, where there is a bias or sinks, dbias and dsinks, as the op's. */
export function attentionBackwardComposite(
  inputs: readonly Tensor[],
  attributes: AttentionAttributes,
): readonly Tensor[] {
  const prepared = prepare(inputs, attributes, 6);
  const [, k, v, o, lse, dout] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
  const { extent, extras, q: stackedQ, k: stackedK, v: stackedV, capped } = prepared;
  const { batch, heads, queries, keyHeads, keys } = extent;
  const stacked = [batch * keyHeads, (heads / keyHeads) * queries, keys];
  const stackedOut = stackQueries(dout, extent);
  const weights = weightsOf(prepared, lse);
  const projection = transpose(sum(mul(dout, o), { axes: [3] }), [0, 2, 1]);
  const dweights = reshape(batchedMatmul(stackedOut, stackedV, { transposeB: true }), [batch, heads, queries, keys]);
  const dscores = mul(weights, sub(dweights, reshape(projection, [batch, heads, queries, 1])));
  const slope = attributes.softcap > 0 ? sub(1, square(mul(capped, 1 / attributes.softcap))) : 1;
  const draw = reshape(mul(mul(dscores, slope), attributes.scale), stacked);
  const dq = unstackQueries(batchedMatmul(draw, stackedK), extent);
  const dk = unstackKeys(batchedMatmul(draw, stackedQ, { transposeA: true }), k, extras.cacheTable, extent);
  const dv = unstackKeys(
    batchedMatmul(reshape(weights, stacked), stackedOut, { transposeA: true }),
    v,
    extras.cacheTable,
    extent,
  );
  const rest: Tensor[] = [];
  if (extras.bias) rest.push(gradientOfBias(dscores, extras.bias, prepared.relative));
  if (extras.sinks) {
    const share = exp(sub(reshape(extras.sinks, [1, heads, 1]), lse));
    rest.push(neg(sum(mul(share, projection), { axes: [0, 2] })));
  }
  return [dq, dk, dv, ...rest];
}

function gradientOfBias(dscores: Tensor, bias: Tensor, relative: Tensor | undefined): Tensor {
  if (!relative) return sum(dscores, { axes: [0] });
  const shared = relative.shape[0] === 1 ? sum(dscores, { axes: [0], keepDims: true }) : dscores;
  const byEntry = embeddingBackward(relative, transpose(shared, [0, 2, 3, 1]), { rows: bias.shape[1]! });
  return transpose(byEntry, [1, 0]);
}
