// How a product is cut: tiles, blocks of k, panels. All of it follows from the shape, never from the number of threads.
import type { Capabilities } from "@attune/tensor-core";

export interface ProductExtent {
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

export interface ProductShape extends ProductExtent {
  /** Register tile. */
  readonly rows: number;
  readonly vectors: number;
  /** Columns of a panel of B: 4 a vector. */
  readonly panel: number;
  /** Elements of k that are multiplied before the next are; the last block has what is left. */
  readonly depth: number;
  readonly depths: number;
  /** Columns of C whose B is packed at a time, and how often. */
  readonly slab: number;
  readonly slabs: number;
  /** Rows and columns of C that one tile of work computes; columns of a slab. */
  readonly blockRows: number;
  readonly blockColumns: number;
  readonly packA: boolean;
}

/** Most bytes of B that are packed at a time. */
const slabBytes = 2 ** 25;
/** k that keeps a panel of B in the level-1 cache. */
const targetDepth = 256;
/** Work that makes a tile worth taking, in FLOPs. */
const tileFlops = 4e6;
const wantedTiles = 16;

/** Cuts a product. */
export function shapeProduct(extent: ProductExtent, { features }: Capabilities): ProductShape {
  const { m, k, n } = extent;
  const vectors = n <= 8 ? 2 : 4;
  const rows = features.has("simd256") ? 6 : vectors === 2 ? 4 : 2;
  const panel = 4 * vectors;
  const depths = Math.max(1, Math.round(k / targetDepth));
  const depth = Math.ceil(k / depths);
  const most = Math.max(panel, Math.floor(slabBytes / (4 * Math.max(1, k) * panel)) * panel);
  const slab = Math.min(roundUp(n, panel), most);
  let blockRows = Math.min(96, roundUp(m, rows));
  let blockColumns = slab;
  const count = (): number => extent.batch * Math.ceil(m / blockRows) * Math.ceil(n / blockColumns);
  while (count() < wantedTiles && 2 * blockRows * blockColumns * k > tileFlops) {
    if (blockColumns >= 8 * panel) blockColumns = roundUp(blockColumns / 2, panel);
    else if (blockRows >= 4 * rows) blockRows = roundUp(blockRows / 2, rows);
    else break;
  }
  return {
    ...extent,
    rows,
    vectors,
    panel,
    depth,
    depths: k === 0 ? 0 : Math.ceil(k / depth),
    slab,
    slabs: slab === 0 ? 0 : Math.ceil(n / slab),
    blockRows,
    blockColumns,
    packA: extent.transposeA,
  };
}

/** The next multiple of `unit`. */
export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
