// The order in which workgroups take the tiles of a product. Those that run at about the same time walk k together, so what they have in
// common of A and B is read from memory once: a wave should cover as square a part of C as it can. It goes along panels of some rows of
// tiles of A, or columns of B; a panel that is small enough to stay in the device's cache is not read again for the next wave either.
import type { BufferTraffic } from "@attune/tensor-core";

/** Tiles along each axis, and the bytes of a row of tiles of A and of a column of tiles of B. */
export interface TileGrid {
  readonly tilesM: number;
  readonly tilesN: number;
  readonly stripA: number;
  readonly stripB: number;
}

/** Which operand has panels, and how many strips of it make one. */
export interface TileOrder {
  /** Whether panels are of rows of A; else they are of columns of B. */
  readonly keepsA: boolean;
  readonly panel: number;
  /** What is moved of A and of B. */
  readonly a: BufferTraffic;
  readonly b: BufferTraffic;
}

/** Workgroups that every GPU runs at once; an integrated one of 96 units has threads for three times as many. */
const wave = 64;
/** Bytes of a panel that stay in the last cache of every GPU, from 2 MiB, while the other operand passes through it. */
const panelBytes = 1.5 * 2 ** 20;

interface Choice {
  readonly panel: number;
  readonly moved: number;
  readonly kept: BufferTraffic;
  readonly passing: BufferTraffic;
}

/** Panels of an operand with so many strips of so many bytes, beside strips of the other. */
function choose(strips: number, strip: number, others: number, other: number): Choice {
  const resident = Math.floor(panelBytes / Math.max(1, strip));
  const sizes = Array.from({ length: Math.min(wave, strips) }, (_, index) => index + 1);
  const choices = [...sizes, Math.max(1, Math.min(strips, resident))].map((panel): Choice => {
    const passesOther = Math.ceil(strips / panel);
    const across = Math.max(1, Math.floor(wave / panel));
    const passesOwn = Math.ceil(others / across);
    return {
      panel,
      moved: strips * strip * (panel <= resident ? 1 : passesOwn) + others * other * passesOther,
      kept: { passes: passesOwn, apart: panel * strip + across * other },
      passing: { passes: passesOther, apart: panel * strip + others * other },
    };
  });
  return choices.reduce((best, choice) => (choice.moved < best.moved ? choice : best));
}

/** The order that moves least. */
export function orderTiles({ tilesM, tilesN, stripA, stripB }: TileGrid): TileOrder {
  const ofA = choose(tilesM, stripA, tilesN, stripB);
  const ofB = choose(tilesN, stripB, tilesM, stripA);
  return ofA.moved <= ofB.moved
    ? { keepsA: true, panel: ofA.panel, a: ofA.kept, b: ofA.passing }
    : { keepsA: false, panel: ofB.panel, a: ofB.passing, b: ofB.kept };
}
