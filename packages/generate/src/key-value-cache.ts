// Keys and values of past tokens in one State region: a row a token, [rows, heads, D] for each layer's keys and values. Which rows
// belong to which sequence is data: contiguous rows a slot, or a table [sequence, position] of rows, so that beams share what they
// have in common and reordering them moves no bytes.
import type { AttentionCall, ModelConfig } from "@attune/models";
import {
  attention,
  type Runtime,
  reshape,
  scatterRows,
  slice,
  type Tensor,
  type Trace,
  tensorType,
} from "@attune/tensor-core";

/** Place and size of a cache: `slots` sequences of up to `capacity` tokens. */
export interface CacheLayout {
  readonly region: string;
  readonly slots: number;
  readonly capacity: number;
}

/** Elements of one layer's keys (or values), a multiple of 64 so that every device can bind it alone. */
function layerElements({ slots, capacity }: CacheLayout, { keyValueHeads, headDimension }: ModelConfig): number {
  return Math.ceil((slots * capacity * keyValueHeads * headDimension) / 64) * 64;
}

/** Allocates a cache, zero at first. */
export function allocateCache(runtime: Runtime, layout: CacheLayout, config: ModelConfig): Promise<void> {
  return runtime.states.allocate(layout.region, 2 * config.blockCount * layerElements(layout, config));
}

/** Puts new keys and values into rows of the cache, and gives the whole of it as it is then. */
export function writeCache(
  trace: Trace,
  layout: CacheLayout,
  config: ModelConfig,
  { index, k, v }: AttentionCall,
  rows: Tensor,
): { readonly keys: Tensor; readonly values: Tensor } {
  const shape = [layout.slots * layout.capacity, config.keyValueHeads, config.headDimension];
  const write = (part: 0 | 1, fresh: Tensor): Tensor => {
    const offset = (2 * index + part) * layerElements(layout, config);
    const state = trace.state(layout.region, tensorType(shape), offset);
    const written = scatterRows(state, rows, reshape(fresh, [rows.shape[0]!, ...shape.slice(1)]));
    trace.update(state, written);
    return written;
  };
  return { keys: write(0, k), values: write(1, v) };
}

/** Host-written tensors that say where the sequences of a decode step are. */
export interface CacheView {
  /** `i32 [B]`: tokens of each sequence, the new one included. */
  readonly lengths: Tensor;
  /** `i32 [B, 1]`: position of the new token. */
  readonly positions: Tensor;
  /** `i32 [B, capacity]`: row of each position; without it sequence b has the rows of slot b. */
  readonly table?: Tensor | undefined;
}

/** Attention of one new token a sequence over the cache. */
export function attendCache(
  layout: CacheLayout,
  { q, scale, window }: AttentionCall,
  cache: { readonly keys: Tensor; readonly values: Tensor },
  { lengths, positions, table }: CacheView,
): Tensor {
  const { capacity } = layout;
  const sequences = q.shape[0]!;
  const place = (x: Tensor): Tensor => {
    const [, heads, size] = x.shape as [number, number, number];
    if (table) return reshape(x, [layout.slots * capacity, 1, heads, size]);
    const rows = sequences * capacity;
    const own = sequences === layout.slots ? x : slice(x, { axis: 0, start: 0, length: rows });
    return reshape(own, [sequences, capacity, heads, size]);
  };
  const near = window > 0 ? { window, causal: true, queryPositions: positions } : {};
  const found = table ? { cacheTable: table } : {};
  return attention({ q, k: place(cache.keys), v: place(cache.values) }, { scale, lengths, ...near, ...found });
}
