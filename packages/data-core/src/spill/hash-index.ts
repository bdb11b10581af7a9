import type { Hash64 } from "../hash-text.ts";

/** A map from 64-bit hashes to 32-bit numbers, outside the JavaScript heap: 12 to 24 bytes an entry. */
export interface HashIndex {
  /** Number of entries. */
  readonly size: number;
  /** Returns the value stored for the hash, or stores this one and returns undefined. Values are 0 to 2^31 - 1. */
  getOrAdd(hash: Hash64, value: number): number | undefined;
}

/** Makes an empty index: open addressing with linear probing, doubled when two thirds are taken. */
export function createHashIndex(initialCapacity = 1024): HashIndex {
  let mask = 2 ** Math.ceil(Math.log2(initialCapacity)) - 1;
  let highs = new Uint32Array(mask + 1);
  let lows = new Uint32Array(mask + 1);
  let values = new Int32Array(mask + 1).fill(-1);
  let size = 0;

  const slotOf = (high: number, low: number): number => {
    let slot = low & mask;
    while (values[slot]! >= 0 && (highs[slot] !== high || lows[slot] !== low)) slot = (slot + 1) & mask;
    return slot;
  };
  const grow = (): void => {
    const [oldHighs, oldLows, oldValues] = [highs, lows, values];
    mask = mask * 2 + 1;
    highs = new Uint32Array(mask + 1);
    lows = new Uint32Array(mask + 1);
    values = new Int32Array(mask + 1).fill(-1);
    for (let old = 0; old < oldValues.length; old++) {
      if (oldValues[old]! < 0) continue;
      const slot = slotOf(oldHighs[old]!, oldLows[old]!);
      highs[slot] = oldHighs[old]!;
      lows[slot] = oldLows[old]!;
      values[slot] = oldValues[old]!;
    }
  };
  return {
    get size() {
      return size;
    },
    getOrAdd({ high, low }, value) {
      const slot = slotOf(high, low);
      const found = values[slot]!;
      if (found >= 0) return found;
      highs[slot] = high;
      lows[slot] = low;
      values[slot] = value;
      size += 1;
      if (size * 3 > mask * 2) grow();
      return undefined;
    },
  };
}
