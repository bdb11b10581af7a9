// How a product is cut for a native library, which packs and blocks for the caches by itself: a few large tiles, and slabs of B where
// B has to be decoded first. All of it follows from the shape, never from the number of threads.
import { type ProductExtent, roundUp } from "./product-shape.ts";

export interface NativeShape extends ProductExtent {
  /** Rows and columns of B as it is stored. */
  readonly storedRows: number;
  readonly storedColumns: number;
  /** Rows of stored B that are multiplied at a time, and how often: columns of C if B is transposed, else a range of k. */
  readonly slabRows: number;
  readonly slabs: number;
  /** Whether B is decoded into shared memory, `decodedColumns` elements a row. */
  readonly decodes: boolean;
  readonly decodedColumns: number;
  /** Rows and columns of C that one tile computes, and tiles of a slab. */
  readonly blockRows: number;
  readonly blockColumns: number;
  readonly blocksDown: number;
  readonly blocksAcross: number;
}

/** Work that makes a tile worth taking, in FLOPs: some 100 microseconds. */
const tileFlops = 1e7;
const wantedTiles = 16;
/** A library packs its operands for each tile: below this many rows or columns packing shows. */
const smallestSide = 64;

/** Cuts a product; B is decoded in slabs of at most `slabBytes` bytes, or read where it lies if that is undefined. */
export function shapeNativeProduct(extent: ProductExtent, slabBytes: number | undefined): NativeShape {
  const { batch, m, k, n, transposeB } = extent;
  const [storedRows, storedColumns] = transposeB ? [n, k] : [k, n];
  const decodedColumns = roundUp(storedColumns, 4);
  const decodes = slabBytes !== undefined;
  const fitting = decodes ? Math.max(16, Math.floor(slabBytes / (4 * decodedColumns) / 16) * 16) : storedRows;
  const slabRows = Math.min(storedRows, fitting);
  const columns = transposeB ? slabRows : n;
  const depth = transposeB ? k : slabRows;
  let [blockRows, blockColumns] = [m, columns];
  const count = (): number => batch * Math.ceil(m / blockRows) * Math.ceil(columns / blockColumns);
  while (count() < wantedTiles && 2 * blockRows * blockColumns * depth > tileFlops) {
    if (blockColumns >= blockRows && blockColumns >= 2 * smallestSide) blockColumns = roundUp(blockColumns / 2, 16);
    else if (blockRows >= 2 * smallestSide) blockRows = roundUp(blockRows / 2, 16);
    else if (blockColumns >= 2 * smallestSide) blockColumns = roundUp(blockColumns / 2, 16);
    else break;
  }
  return {
    ...extent,
    storedRows,
    storedColumns,
    slabRows,
    slabs: Math.ceil(storedRows / slabRows),
    decodes,
    decodedColumns,
    blockRows,
    blockColumns,
    blocksDown: Math.ceil(m / blockRows),
    blocksAcross: Math.ceil(columns / blockColumns),
  };
}
