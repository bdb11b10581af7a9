// Which keys a query sees, and how far away they are, as tensors for the composite; see attention-operands.ts for the rules.
import type { Tensor } from "../../graph/tensor.ts";
import { iota } from "../create/iota.ts";
import { abs, add, clamp, equal, less, lessEqual, maximum, mul, sub } from "../pointwise/elementwise.ts";
import { broadcastTo } from "../pointwise/pointwise.ts";
import { reshape } from "../shape/reshape.ts";
import type { AttentionAttributes, AttentionExtent, AttentionExtraValues } from "./attention-operands.ts";

/** Where queries and keys stand; i32. */
export interface Positions {
  /** [B or 1, 1, T, 1] */
  readonly query: Tensor;
  /** [B or 1, 1, 1, S] */
  readonly key: Tensor;
  /** Index of each key, [1, 1, 1, S]. */
  readonly index: Tensor;
}

/** The given positions, or indices; see attention-operands.ts. */
export function positionsOf(
  q: Tensor,
  { queryPositions, keyPositions }: AttentionExtraValues<Tensor>,
  { batch, queries, keys }: AttentionExtent,
): Positions {
  const index = reshape(iota(q.host, keys), [1, 1, 1, keys]);
  return {
    query: queryPositions
      ? reshape(queryPositions, [batch, 1, queries, 1])
      : reshape(iota(q.host, queries, keys - queries), [1, 1, queries, 1]),
    key: keyPositions ? reshape(keyPositions, [batch, 1, 1, keys]) : index,
    index,
  };
}

/** Entry of the relative bias table for each pair, i32 [B or 1, T, S]; undefined without such a table. */
export function relativeEntries(
  bias: Tensor | undefined,
  { query, key }: Positions,
  { queries, keys }: AttentionExtent,
): Tensor | undefined {
  if (bias?.shape.length !== 2) return undefined;
  const reach = (bias.shape[1]! - 1) / 2;
  return reshape(add(clamp(sub(key, query), -reach, reach), reach), [-1, queries, keys]);
}

/** 1 where a key is visible to a query, broadcasts to [B, Hq, T, S]; undefined where nothing is hidden. */
export function visibility(
  attributes: AttentionAttributes,
  extras: AttentionExtraValues<Tensor>,
  positions: Positions,
  extent: AttentionExtent,
): Tensor | undefined {
  const { batch, queries, keys, blockSize } = extent;
  const row = (x: Tensor): Tensor => reshape(x, [batch, 1, 1, 1]);
  const ofQuery = (x: Tensor): Tensor => reshape(x, [batch, 1, queries, 1]);
  const ofKey = (x: Tensor): Tensor => reshape(x, [batch, 1, 1, keys]);
  const { queryDocuments, keyDocuments, lengths, prefix, cacheTable, keyPositions } = extras;
  const hidden: Tensor[] = [];
  if (queryDocuments && keyDocuments) hidden.push(equal(ofQuery(queryDocuments), ofKey(keyDocuments)));
  if (attributes.causal) hidden.push(lessEqual(positions.key, positions.query));
  if (attributes.window > 0) hidden.push(less(abs(sub(positions.query, positions.key)), attributes.window));
  let mask = all(hidden);
  if (prefix && mask) mask = maximum(mask, less(positions.index, row(prefix)));
  const always: Tensor[] = mask ? [mask] : [];
  if (queryDocuments) always.push(lessEqual(0, ofQuery(queryDocuments)));
  if (lengths) always.push(less(positions.index, row(lengths)));
  if (keyPositions) always.push(lessEqual(0, positions.key));
  if (cacheTable) {
    const entries = broadcastTo(reshape(cacheTable, [batch, keys / blockSize, 1]), [
      batch,
      keys / blockSize,
      blockSize,
    ]);
    always.push(lessEqual(0, ofKey(entries)));
  }
  return all(always);
}

function all(conditions: readonly Tensor[]): Tensor | undefined {
  return conditions.length === 0 ? undefined : conditions.reduce((left, right) => mul(left, right));
}
