// What the attention kernels accept, and how they cut their work. Queries of all heads that share a key head form one block of rows,
// so that keys and values are read once for them.
import type { Attributes, Capabilities, Signature, TensorType } from "@attune/tensor-core";

/** Optional operands that the kernels know. */
const knownExtras = ["queryDocuments", "keyDocuments", "queryPositions", "keyPositions", "lengths"] as const;

export type KnownExtra = (typeof knownExtras)[number];

/** Sizes and options of one attention, all fixed at compile time. */
export interface AttentionShape {
  readonly batch: number;
  readonly queries: number;
  readonly keys: number;
  readonly heads: number;
  readonly keyHeads: number;
  /** Query heads that share a key head. */
  readonly group: number;
  readonly size: number;
  readonly causal: boolean;
  readonly scale: number;
  readonly window: number;
  readonly extras: readonly KnownExtra[];
  /** Queries of one head in a block. */
  readonly blockQueries: number;
  /** Rows of a block: the queries of all heads of a group, filled up to a multiple of four. */
  readonly blockRows: number;
  /** Keys of a block, a multiple of eight. */
  readonly blockKeys: number;
  /** Rows that a product holds in registers at a time. */
  readonly tileRows: 2 | 4;
}

/** Rows that make a block: enough that bringing keys into scratch is little beside multiplying with them. */
const wantedRows = 64;

/** The shape of a signature of `attention` or `attentionBackward`, undefined where the composite must run. */
export function attentionShape(
  { inputs, attributes }: Signature,
  required: number,
  { features }: Capabilities,
): AttentionShape | undefined {
  const { causal, scale, window, softcap, extras } = attributes as Attributes & {
    causal: boolean;
    scale: number;
    window: number;
    softcap: number;
    extras: readonly KnownExtra[];
  };
  const [q, k] = inputs as [TensorType, TensorType];
  const [batch, queries, heads, size] = q.shape as [number, number, number, number];
  const [, keys, keyHeads] = k.shape as [number, number, number];
  const dense = inputs.slice(0, required).every((type) => type.format.id === "f32");
  if (!dense || softcap > 0 || size % 8 !== 0 || size > 256 || batch * queries === 0) return undefined;
  if (!extras.every((name) => (knownExtras as readonly string[]).includes(name))) return undefined;
  const group = heads / keyHeads;
  const blockQueries = Math.min(queries, Math.max(1, Math.floor(wantedRows / group)));
  return {
    batch,
    queries,
    keys,
    heads,
    keyHeads,
    group,
    size,
    causal,
    scale,
    window,
    extras,
    blockQueries,
    blockRows: Math.ceil((group * blockQueries) / 4) * 4,
    blockKeys: Math.min(64, Math.ceil(keys / 8) * 8),
    tileRows: features.has("simd256") ? 4 : 2,
  };
}

/** Equal keys mean equal code. */
export function shapeKey(shape: AttentionShape): string {
  return JSON.stringify(shape);
}

/** Blocks of queries of a row of the batch. */
export function queryBlocks({ queries, blockQueries }: AttentionShape): number {
  return Math.ceil(queries / blockQueries);
}
