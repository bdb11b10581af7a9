// Operands and options that attention and its backward pass share, and what each optional operand means.
import { AttuneError } from "@attune/spec";
import { formatType, type TensorType } from "../../type/tensor-type.ts";
import { expectDtype, expectMinimumRank, expectRank, expectShape, shapeMismatch } from "../checks.ts";

/**
 * Optional operands, in the order in which they follow the required ones. Positions are indices unless given: key s stands at
 * s, query t at t + S - T, so that the queries are the last positions. Key s of row b is visible to query t unless
 *   - `lengths` i32 [B]: s is not below lengths[b];
 *   - `cacheTable` i32 [B, blocks]: its block has the entry -1; keys and values are then [rows, blockSize, Hkv, D], and key s
 *     is element s mod blockSize of row cacheTable[b, ⌊s / blockSize⌋];
 *   - `keyPositions` i32 [B, S]: its position is negative;
 *   - `queryDocuments` i32 [B, T]: the query's document is -1;
 * and, unless `prefix` i32 [B] has s below prefix[b] (a prefix that every document sees),
 *   - `queryDocuments` and `keyDocuments` i32 [B, S]: they differ;
 *   - causal: its position is above the query's (`queryPositions` i32 [B, T]);
 *   - window: it is `window` or more positions away.
 * `bias` [Hq, T, S] is added to the scores, or [Hq, 2R + 1], whose entry is the key's position minus the query's, limited to
 * [-R, R], plus R. `alibi` [Hq] is a slope: slope · distance is subtracted. `sinks` [Hq] is one more score a head, which
 * takes weight and has no value.
 */
export const attentionExtras = [
  "queryDocuments",
  "keyDocuments",
  "queryPositions",
  "keyPositions",
  "lengths",
  "prefix",
  "bias",
  "alibi",
  "sinks",
  "cacheTable",
] as const;

/** Name of an optional operand. */
export type AttentionExtra = (typeof attentionExtras)[number];

/** Options of attention that are fixed when it is traced. */
export type AttentionAttributes = {
  readonly causal: boolean;
  /** Multiplies q · k. */
  readonly scale: number;
  /** Visible distance counting the query's own place; 0 is unlimited. */
  readonly window: number;
  /** Scores s become softcap · tanh(s / softcap) before anything is added; 0 leaves them. */
  readonly softcap: number;
  /** Which optional operands follow, a subset of `attentionExtras` in its order. */
  readonly extras: readonly AttentionExtra[];
};

/** Sizes: queries [batch, queries, heads, size] against keys [batch, keys, keyHeads, size]. */
export interface AttentionExtent {
  readonly batch: number;
  readonly queries: number;
  readonly keys: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly size: number;
  /** Keys in a row of the cache; equal to `keys` without a cache table. */
  readonly blockSize: number;
}

/** Optional operands by name. */
export type AttentionExtraValues<T> = { readonly [name in AttentionExtra]?: T };

/** Names the operands that follow the first `required` ones. */
export function extrasOf<T>(
  operands: readonly T[],
  { extras }: Pick<AttentionAttributes, "extras">,
  required: number,
): AttentionExtraValues<T> {
  return Object.fromEntries(extras.map((name, index) => [name, operands[required + index]!]));
}

/** Sizes from the types of q and k. */
export function attentionExtent(q: TensorType, k: TensorType, cacheTable: TensorType | undefined): AttentionExtent {
  const [batch, queries, heads, size] = q.shape as [number, number, number, number];
  const [, length, keyHeads] = k.shape as [number, number, number, number];
  return {
    batch,
    queries,
    heads,
    size,
    keyHeads,
    keys: cacheTable ? cacheTable.shape[1]! * length : length,
    blockSize: length,
  };
}

/** Checks q, k, v and the optional operands. */
export function expectAttention(
  op: string,
  inputs: readonly TensorType[],
  attributes: AttentionAttributes,
  required: number,
): AttentionExtent {
  const [q, k, v] = inputs as [TensorType, TensorType, TensorType];
  const { extras } = attributes;
  if (
    extras.some(
      (name, index) => index > 0 && attentionExtras.indexOf(extras[index - 1]!) >= attentionExtras.indexOf(name),
    )
  ) {
    throw new AttuneError(
      "INPUT_INVALID",
      `Op "${op}": expected extras in the order ${attentionExtras.join(", ")}, got ${extras.join(", ")}.`,
    );
  }
  for (const [name, type] of [
    ["q", q],
    ["k", k],
    ["v", v],
  ] as const)
    expectRank(op, name, type, 4);
  expectShape(op, "v", v, k.shape);
  const values = extrasOf(inputs, attributes, required);
  const extent = attentionExtent(q, k, values.cacheTable);
  if (
    k.shape[3] !== extent.size ||
    extent.keyHeads === 0 ||
    extent.heads % extent.keyHeads !== 0 ||
    extent.keys === 0
  ) {
    throw shapeMismatch(
      op,
      `queries ${formatType(q)} do not fit keys ${formatType(k)}: equal head sizes, whole groups of heads and at least one key are needed.`,
    );
  }
  if (!values.cacheTable && k.shape[0] !== extent.batch)
    throw shapeMismatch(op, `queries ${formatType(q)} and keys ${formatType(k)} differ in the batch.`);
  expectExtras(op, values, extent);
  return extent;
}

function expectExtras(
  op: string,
  values: AttentionExtraValues<TensorType>,
  { batch, queries, keys, heads }: AttentionExtent,
): void {
  const shapes: { readonly [name in AttentionExtra]?: readonly number[] } = {
    queryDocuments: [batch, queries],
    keyDocuments: [batch, keys],
    queryPositions: [batch, queries],
    keyPositions: [batch, keys],
    lengths: [batch],
    prefix: [batch],
    alibi: [heads],
    sinks: [heads],
  };
  for (const name of attentionExtras) {
    const type = values[name];
    if (type === undefined) continue;
    expectDtype(op, name, type, name === "bias" || name === "alibi" || name === "sinks" ? "f32" : "i32");
    if (shapes[name]) expectShape(op, name, type, shapes[name]);
  }
  if ((values.queryDocuments === undefined) !== (values.keyDocuments === undefined)) {
    throw new AttuneError(
      "INPUT_INVALID",
      `Op "${op}": queryDocuments and keyDocuments are given together or not at all.`,
    );
  }
  if (values.cacheTable) {
    expectRank(op, "cacheTable", values.cacheTable, 2);
    expectShape(op, "cacheTable", values.cacheTable, [batch, values.cacheTable.shape[1]!]);
  }
  if (values.bias) expectBias(op, values.bias, [heads, queries, keys]);
}

function expectBias(op: string, bias: TensorType, full: readonly number[]): void {
  expectMinimumRank(op, "bias", bias, 2);
  if (bias.shape.length !== 2) expectShape(op, "bias", bias, full);
  else if (bias.shape[0] !== full[0] || bias.shape[1]! % 2 !== 1) {
    throw shapeMismatch(op, `expected a table of relative biases [${full[0]}, 2R + 1], got ${formatType(bias)}.`);
  }
}
