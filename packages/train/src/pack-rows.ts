// Packing: several documents share a row, each with positions of its own and no attention across. Best-fit decreasing, as
// TRL's "bfd": the longest first, each into the fullest row that still holds it. Johnson, Near-optimal bin packing, 1973.

/** A stretch of an example that goes into a row. */
export interface PackedPiece {
  readonly example: number;
  readonly start: number;
  readonly length: number;
}

/** Rows of pieces, each row at most `blockLength` tokens. Rows and pieces keep the order in which they were opened. */
export function packRows(lengths: readonly number[], blockLength: number): PackedPiece[][] {
  const pieces = lengths.flatMap((length, example) => splitPieces(example, length, blockLength));
  pieces.sort((a, b) => b.length - a.length);
  const rows: PackedPiece[][] = [];
  const rowsWithSpace: number[][] = Array.from({ length: blockLength + 1 }, () => []);
  const spaces = createSpaceIndex(blockLength);
  for (const piece of pieces) {
    const space = spaces.smallestAtLeast(piece.length);
    const row = space === undefined ? rows.push([]) - 1 : rowsWithSpace[space]!.shift()!;
    if (space !== undefined && rowsWithSpace[space]!.length === 0) spaces.remove(space);
    rows[row]!.push(piece);
    const left = (space ?? blockLength) - piece.length;
    rowsWithSpace[left]!.push(row);
    spaces.add(left);
  }
  return rows;
}

/** Pieces of at most a block; the callers that must not split have refused longer examples before. */
function splitPieces(example: number, length: number, blockLength: number): PackedPiece[] {
  const pieces: PackedPiece[] = [];
  for (let start = 0; start < length; start += blockLength) {
    pieces.push({ example, start, length: Math.min(blockLength, length - start) });
  }
  return pieces;
}

/** The set of space sizes that some row has left, as a bit set that finds the next larger one a word at a time. */
function createSpaceIndex(blockLength: number): {
  add(space: number): void;
  remove(space: number): void;
  smallestAtLeast(space: number): number | undefined;
} {
  const words = new Uint32Array((blockLength >>> 5) + 1);
  return {
    add: (space) => {
      words[space >>> 5]! |= 1 << (space & 31);
    },
    remove: (space) => {
      words[space >>> 5]! &= ~(1 << (space & 31));
    },
    smallestAtLeast(space) {
      for (let word = space >>> 5; word < words.length; word++) {
        const bits = word === space >>> 5 ? words[word]! & (-1 << (space & 31)) : words[word]!;
        if (bits !== 0) return word * 32 + (31 - Math.clz32(bits & -bits));
      }
      return undefined;
    },
  };
}
