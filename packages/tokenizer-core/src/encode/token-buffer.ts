/** Token ids and their places, growing as they are found. */
export interface TokenBuffer {
  /** Ids, of which the first `length` count. */
  ids: Uint32Array;
  /** Start and end of each, [tokens, 2] flattened. */
  offsets: Uint32Array;
  length: number;
}

/** Makes an empty buffer with room for some tokens. */
export function createTokenBuffer(capacity = 64): TokenBuffer {
  return { ids: new Uint32Array(capacity), offsets: new Uint32Array(2 * capacity), length: 0 };
}

/** Appends one token. */
export function pushToken(buffer: TokenBuffer, id: number, start: number, end: number): void {
  const index = buffer.length;
  if (index === buffer.ids.length) grow(buffer);
  buffer.ids[index] = id;
  buffer.offsets[2 * index] = start;
  buffer.offsets[2 * index + 1] = end;
  buffer.length = index + 1;
}

function grow(buffer: TokenBuffer): void {
  const ids = new Uint32Array(2 * buffer.ids.length + 16);
  ids.set(buffer.ids);
  const offsets = new Uint32Array(2 * ids.length);
  offsets.set(buffer.offsets);
  buffer.ids = ids;
  buffer.offsets = offsets;
}
