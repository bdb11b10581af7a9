// How a product is cut: register tiles, blocks of k, parts of C. All of it follows from the shape, never from the number of threads.
import type { Capabilities } from "@attune/tensor-core";
import { tileOf } from "./tile-family.ts";

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
  /** Rows and columns of C that one tile of work computes: multiples of the register tile. */
  readonly partRows: number;
  readonly partColumns: number;
  /** Rows that are multiplied with all panels before the next rows are. */
  readonly blockRows: number;
  /** Whether A is packed before: where its k runs down and C is not narrow. Else it is read where it lies. */
  readonly packA: boolean;
}

/** k that keeps a panel of B in the level-1 cache. */
const targetDepth = 256;
/** Columns of B that are packed at a time: with `targetDepth`, a fifth of a level-2 cache of 1 MiB. */
const targetColumns = 192;
/** Rows of A that stay in the level-2 cache beside them. */
const targetRows = 96;
/** Panels of B for which an A whose k runs down is not packed: it is read too few times. */
const narrowPanels = 4;
/** Work that makes a tile worth taking, in FLOPs. */
const tileFlops = 4e6;
/** Tiles that are wanted at least, and how small parts may become for them. Every part of rows packs its B again. */
const splits = [
  { tiles: 16, rows: 256, columns: 64 },
  { tiles: 8, rows: 96, columns: 32 },
] as const;

/** Cuts a product. */
export function shapeProduct(extent: ProductExtent, capabilities: Pick<Capabilities, "features">): ProductShape {
  const { k, n } = extent;
  const { rows, vectors } =
    n <= 8 ? { rows: capabilities.features.has("simd256") ? 6 : 4, vectors: 2 } : tileOf(capabilities);
  const panel = 4 * vectors;
  const depths = Math.max(1, Math.round(k / targetDepth));
  const depth = Math.ceil(k / depths);
  const { partRows, partColumns } = cutParts(extent, rows, panel);
  return {
    ...extent,
    rows,
    vectors,
    panel,
    depth,
    depths: k === 0 ? 0 : Math.ceil(k / depth),
    partRows,
    partColumns,
    blockRows: Math.min(roundUp(targetRows, rows), partRows),
    packA: extent.transposeA && n > narrowPanels * panel,
  };
}

/** Rows and columns of a tile of work: few columns before few rows. */
function cutParts(
  { batch, m, k, n }: ProductExtent,
  rows: number,
  panel: number,
): { partRows: number; partColumns: number } {
  let partRows = roundUp(m, rows);
  let partColumns = evenParts(n, targetColumns, panel);
  const halve = (value: number, unit: number): number => roundUp(Math.ceil(value / 2), unit);
  for (const least of splits) {
    while (batch * Math.ceil(m / partRows) * Math.ceil(n / partColumns) < least.tiles) {
      if (2 * partRows * partColumns * k <= tileFlops) break;
      if (partColumns >= 2 * Math.max(panel, least.columns)) partColumns = halve(partColumns, panel);
      else if (partRows >= 2 * least.rows) partRows = halve(partRows, rows);
      else break;
    }
  }
  return { partRows, partColumns };
}

/** The size of equal parts of at most `most`, in whole units. */
function evenParts(size: number, most: number, unit: number): number {
  return Math.max(unit, roundUp(Math.ceil(size / Math.max(1, Math.ceil(size / most))), unit));
}

/** The next multiple of `unit`. */
export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
