/** How a product is cut, from its sizes alone. */
export interface ProductShape {
  readonly tileM: number;
  readonly tileN: number;
  readonly tileK: number;
  readonly tilesM: number;
  readonly tilesN: number;
  /** Ranges of k that are summed apart. */
  readonly splits: number;
  readonly splitK: number;
}

/** Workgroups below which k is cut, so that all of a GPU has work. */
const enoughWorkgroups = 64;
/** Shortest range of k worth a sum of its own, and a second dispatch that adds these. */
const shortestSplit = 512;
const mostSplits = 32;
/** From here on k is cut before tiles are made smaller: a smaller tile reads all of a long operand more often. */
const longK = 4096;

/** Tiles of 64 x 64 where there are enough of them or k is long, else of 32 x 32, with k cut where even those are few. */
export function tileProduct({
  batches,
  m,
  n,
  k,
}: {
  readonly batches: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}): ProductShape {
  const tilesOf = (size: number): number => batches * Math.ceil(m / size) * Math.ceil(n / size);
  const filled = m > 32 && n > 32 && k >= longK;
  const tile = tilesOf(64) >= enoughWorkgroups || filled ? 64 : 32;
  const tileK = tile === 64 ? 16 : 32;
  const ratio = enoughWorkgroups / Math.max(1, tilesOf(tile));
  const wanted = filled ? Math.ceil(ratio) : Math.floor(ratio);
  const splits = Math.max(1, Math.min(mostSplits, wanted, Math.floor(k / shortestSplit)));
  const splitK = Math.ceil(k / splits / tileK) * tileK;
  return {
    tileM: tile,
    tileN: tile,
    tileK,
    tilesM: Math.ceil(m / tile),
    tilesN: Math.ceil(n / tile),
    splits: Math.max(1, Math.ceil(k / Math.max(1, splitK))),
    splitK,
  };
}
