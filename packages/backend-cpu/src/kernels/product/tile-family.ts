// Register tiles of the inner loop. All belong to one numerics class (see tile-product.ts), so which one runs is a matter of speed
// alone: it depends on how many registers V8 has and how it fuses vectors, and is measured (../../tuning).
import type { Capabilities } from "@attune/tensor-core";

/** A part of C in registers. */
export interface TileSize {
  readonly rows: number;
  /** 128-bit vectors across, an even number. */
  readonly vectors: number;
}

/** Tiles that are fastest somewhere, the best guess first. */
const families: Readonly<Record<"wide" | "narrow", readonly TileSize[]>> = {
  wide: sizes([6, 4], [4, 4], [5, 4], [3, 6], [4, 6], [6, 2]),
  narrow: sizes([2, 4], [6, 2], [4, 2], [4, 4], [6, 4]),
};

function sizes(...list: readonly (readonly [rows: number, vectors: number])[]): TileSize[] {
  return list.map(([rows, vectors]) => ({ rows, vectors }));
}

/** The tiles to choose from, at 256 or at 128 bits. */
export function tileFamily(wide: boolean): readonly TileSize[] {
  return families[wide ? "wide" : "narrow"];
}

/** A tile's name: rows x vectors. */
export function tileName({ rows, vectors }: TileSize): string {
  return `${rows}x${vectors}`;
}

const prefix = "tile:";

/** The capability that says which tile a backend's products have. */
export function tileFeature(tile: TileSize): string {
  return prefix + tileName(tile);
}

/** The tile of a backend: the one it names, else the best guess. */
export function tileOf({ features }: Pick<Capabilities, "features">): TileSize {
  const family = tileFamily(features.has("simd256"));
  return family.find((tile) => features.has(tileFeature(tile))) ?? family[0]!;
}
