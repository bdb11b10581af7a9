/** The symbols of one piece while they are merged: a doubly linked list in arrays that are kept for the next piece. */
export interface SymbolList {
  /** Token id of each symbol; -1 for one that no token stands for. */
  ids: Int32Array;
  /** Where in the piece a symbol begins and ends, in UTF-16 units. */
  starts: Int32Array;
  ends: Int32Array;
  /** Neighbours that are left; -1 at the edges. */
  next: Int32Array;
  previous: Int32Array;
  /** Which merge is possible with the next symbol, or -1. */
  merges: Int32Array;
  /** Number of symbols at the beginning. */
  length: number;
}

/** Makes an empty list. */
export function createSymbolList(capacity = 256): SymbolList {
  const column = (): Int32Array => new Int32Array(capacity);
  return {
    ids: column(),
    starts: column(),
    ends: column(),
    next: column(),
    previous: column(),
    merges: column(),
    length: 0,
  };
}

/** Appends a symbol. */
export function pushSymbol(symbols: SymbolList, id: number, start: number, end: number): void {
  const index = symbols.length;
  if (index === symbols.ids.length) grow(symbols);
  symbols.ids[index] = id;
  symbols.starts[index] = start;
  symbols.ends[index] = end;
  symbols.length = index + 1;
}

function grow(symbols: SymbolList): void {
  const larger = createSymbolList(2 * symbols.ids.length);
  for (const column of ["ids", "starts", "ends"] as const) {
    larger[column].set(symbols[column]);
    symbols[column] = larger[column];
  }
  for (const column of ["next", "previous", "merges"] as const) symbols[column] = larger[column];
}
