// Attention in float64, one query row at a time, straight from the definitions in attention-operands.ts.
//   o = Σ_s p_s v_s,  p_s = e^(score_s - lse),  score_s = softcap(scale · q·k_s) + bias_s,  lse = ln(Σ_s e^score_s [+ e^sink])
//   ds_s = p_s (do·v_s - do·o);  dq = Σ_s ds_s c_s scale k_s,  dk_s = ds_s c_s scale q,  dv_s = p_s do, with c the cap's slope
import type { ReferenceContext } from "../../op-def/op-def.ts";
import { logSumExpOf } from "../row-values.ts";
import {
  type AttentionAttributes,
  type AttentionExtent,
  type AttentionExtraValues,
  attentionExtent,
  extrasOf,
} from "./attention-operands.ts";

/** One query of one head: the keys it sees, their scores and the slope of the soft cap at each. */
interface ScoreRow {
  readonly keys: readonly number[];
  readonly scores: readonly number[];
  readonly slopes: readonly number[];
  /** Where each key's bias stands, for its gradient. */
  readonly biases: readonly number[];
}

interface Reader {
  readonly extent: AttentionExtent;
  readonly extras: AttentionExtraValues<Float64Array>;
  readonly row: (batch: number, head: number, query: number) => ScoreRow;
  /** First element of a key (or value) in k (or v). */
  readonly keyStart: (batch: number, head: number, key: number) => number;
  /** First element of a query (or output) in q (or o). */
  readonly queryStart: (batch: number, head: number, query: number) => number;
}

function createReader(
  inputs: readonly Float64Array[],
  { attributes, inputTypes }: ReferenceContext<AttentionAttributes>,
  required: number,
): Reader {
  const [q, k] = inputs as [Float64Array, Float64Array];
  const { causal, scale, window, softcap } = attributes;
  const extras = extrasOf(inputs, attributes, required);
  const types = extrasOf(inputTypes, attributes, required);
  const extent = attentionExtent(inputTypes[0]!, inputTypes[1]!, types.cacheTable);
  const { queries, keys, heads, keyHeads, size, blockSize } = extent;
  const blockOf = (batch: number, key: number): number =>
    extras.cacheTable ? extras.cacheTable[batch * (keys / blockSize) + Math.floor(key / blockSize)]! : batch;
  const queryStart = (batch: number, head: number, query: number): number =>
    ((batch * queries + query) * heads + head) * size;
  const keyStart = (batch: number, head: number, key: number): number =>
    ((blockOf(batch, key) * blockSize + (key % blockSize)) * keyHeads + Math.floor(head / (heads / keyHeads))) * size;
  const queryPosition = (batch: number, query: number): number =>
    extras.queryPositions?.[batch * queries + query] ?? query + keys - queries;
  const keyPosition = (batch: number, key: number): number => extras.keyPositions?.[batch * keys + key] ?? key;

  const visible = (batch: number, query: number, key: number): boolean => {
    if (extras.lengths && key >= extras.lengths[batch]!) return false;
    if (blockOf(batch, key) < 0 || keyPosition(batch, key) < 0) return false;
    const document = extras.queryDocuments?.[batch * queries + query];
    if (document === -1) return false;
    if (extras.prefix && key < extras.prefix[batch]!) return true;
    if (document !== extras.keyDocuments?.[batch * keys + key]) return false;
    const distance = queryPosition(batch, query) - keyPosition(batch, key);
    return !(causal && distance < 0) && !(window > 0 && Math.abs(distance) >= window);
  };

  const biasIndex = (batch: number, head: number, query: number, key: number): number => {
    if (types.bias?.shape.length === 3) return (head * queries + query) * keys + key;
    const width = types.bias?.shape[1] ?? 1;
    const reach = (width - 1) / 2;
    const distance = keyPosition(batch, key) - queryPosition(batch, query);
    return head * width + Math.min(Math.max(distance, -reach), reach) + reach;
  };

  const row = (batch: number, head: number, query: number): ScoreRow => {
    const seen = Array.from({ length: keys }, (_, key) => key).filter((key) => visible(batch, query, key));
    const capped = seen.map((key) => {
      const raw = scale * dot(q, queryStart(batch, head, query), k, keyStart(batch, head, key), size);
      return softcap > 0 ? softcap * Math.tanh(raw / softcap) : raw;
    });
    const biases = seen.map((key) => biasIndex(batch, head, query, key));
    const scores = capped.map((score, index) => {
      const distance = Math.abs(queryPosition(batch, query) - keyPosition(batch, seen[index]!));
      return score + (extras.bias?.[biases[index]!] ?? 0) - (extras.alibi ? extras.alibi[head]! * distance : 0);
    });
    return {
      keys: seen,
      scores,
      biases,
      slopes: capped.map((score) => (softcap > 0 ? 1 - (score / softcap) ** 2 : 1)),
    };
  };
  return { extent, extras, row, keyStart, queryStart };
}

function dot(left: Float64Array, leftStart: number, right: Float64Array, rightStart: number, size: number): number {
  let total = 0;
  for (let index = 0; index < size; index++) total += left[leftStart + index]! * right[rightStart + index]!;
  return total;
}

function addScaled(
  target: Float64Array,
  start: number,
  factor: number,
  source: Float64Array,
  sourceStart: number,
  size: number,
): void {
  for (let index = 0; index < size; index++) target[start + index]! += factor * source[sourceStart + index]!;
}

/** Calls `visit` for every batch row, head and query. */
function forEachRow(
  { batch, heads, queries }: AttentionExtent,
  visit: (batch: number, head: number, query: number) => void,
): void {
  for (let b = 0; b < batch; b++) for (let h = 0; h < heads; h++) for (let t = 0; t < queries; t++) visit(b, h, t);
}

/** Outputs o and lse from q, k, v and the optional operands. */
export function attentionReference(
  inputs: readonly Float64Array[],
  context: ReferenceContext<AttentionAttributes>,
): Float64Array[] {
  const { extent, extras, row, keyStart, queryStart } = createReader(inputs, context, 3);
  const { batch, queries, heads, size } = extent;
  const v = inputs[2]!;
  const output = new Float64Array(inputs[0]!.length);
  const logSumExp = new Float64Array(batch * heads * queries);
  forEachRow(extent, (b, h, t) => {
    const { keys, scores } = row(b, h, t);
    const total = logSumExpOf(Float64Array.from(extras.sinks ? [...scores, extras.sinks[h]!] : scores));
    logSumExp[(b * heads + h) * queries + t] = total;
    keys.forEach((key, index) => {
      addScaled(output, queryStart(b, h, t), Math.exp(scores[index]! - total), v, keyStart(b, h, key), size);
    });
  });
  return [output, logSumExp];
}

/** Outputs dq, dk, dv and, where there is a bias or sinks, dbias and dsinks, from q, k, v, o, lse, do and the optional operands. */
export function attentionBackwardReference(
  inputs: readonly Float64Array[],
  context: ReferenceContext<AttentionAttributes>,
): Float64Array[] {
  const { extent, extras, row, keyStart, queryStart } = createReader(inputs, context, 6);
  const [q, k, v, o, lse, dout] = inputs as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const { heads, queries, size } = extent;
  const { scale } = context.attributes;
  const [dq, dk, dv] = [q, k, v].map((values) => new Float64Array(values.length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const dbias = new Float64Array(extras.bias?.length ?? 0);
  const dsinks = new Float64Array(extras.sinks?.length ?? 0);
  forEachRow(extent, (b, h, t) => {
    const { keys, scores, slopes, biases } = row(b, h, t);
    const total = lse[(b * heads + h) * queries + t]!;
    const at = queryStart(b, h, t);
    const projection = dot(dout, at, o, at, size);
    if (extras.sinks) dsinks[h]! -= Math.exp(extras.sinks[h]! - total) * projection;
    keys.forEach((key, index) => {
      const from = keyStart(b, h, key);
      const weight = Math.exp(scores[index]! - total);
      const dscore = weight * (dot(dout, at, v, from, size) - projection);
      const factor = dscore * slopes[index]! * scale;
      addScaled(dq, at, factor, k, from, size);
      addScaled(dk, from, factor, q, at, size);
      addScaled(dv, from, weight, dout, at, size);
      if (extras.bias) dbias[biases[index]!]! += dscore;
    });
  });
  return [dq, dk, dv, ...(extras.bias ? [dbias] : []), ...(extras.sinks ? [dsinks] : [])];
}
