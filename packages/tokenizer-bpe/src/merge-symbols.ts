/**
 * The inner loop of byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909): repeat the best merge of neighbours,
 * the leftmost of equally good ones, until none is possible. A priority queue over (priority, position) makes this
 * O(n log n) for a piece of n symbols, where a rescan per merge would be O(n²).
 */
import type { SymbolList } from "./symbol-list.ts";

/** What may be merged, and into what. */
export interface MergeRules {
  /** Which merge two neighbouring symbols allow, by their places in the list, or -1. */
  find(symbols: SymbolList, left: number, right: number): number;
  /** Priority of each merge, smaller first; below 2^21. */
  readonly priorities: Int32Array;
  /** Token id that each merge gives. */
  readonly results: Int32Array;
}

/** A queue entry packs priority and position in one number: priority · 2^32 + position. */
const positions = 2 ** 32;

/** Makes the function that merges a list; what it needs to work is kept from piece to piece. */
export function createMerger(rules: MergeRules): (symbols: SymbolList) => void {
  const queue = new MinimumHeap();
  const offer = (symbols: SymbolList, left: number): void => {
    const right = symbols.next[left]!;
    const merge = right < 0 ? -1 : rules.find(symbols, left, right);
    symbols.merges[left] = merge;
    if (merge >= 0) queue.push(rules.priorities[merge]! * positions + left);
  };
  return (symbols) => {
    const { ids, ends, next, previous, merges, length } = symbols;
    for (let index = 0; index < length; index++) {
      next[index] = index + 1 < length ? index + 1 : -1;
      previous[index] = index - 1;
    }
    for (let index = 0; index < length; index++) offer(symbols, index);
    while (queue.size > 0) {
      const entry = queue.pop();
      const left = entry % positions;
      const merge = merges[left]!;
      // An entry is out of date when its symbol or the next one changed since.
      if (merge < 0 || rules.priorities[merge]! !== (entry - left) / positions) continue;
      const right = next[left]!;
      ids[left] = rules.results[merge]!;
      ends[left] = ends[right]!;
      merges[right] = -1;
      next[left] = next[right]!;
      if (next[left]! >= 0) previous[next[left]!] = left;
      offer(symbols, left);
      if (previous[left]! >= 0) offer(symbols, previous[left]!);
    }
  };
}

/** A binary heap of numbers, smallest first. */
class MinimumHeap {
  #values = new Float64Array(256);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(value: number): void {
    if (this.#size === this.#values.length) {
      const larger = new Float64Array(2 * this.#size);
      larger.set(this.#values);
      this.#values = larger;
    }
    const values = this.#values;
    let index = this.#size++;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (values[parent]! <= value) break;
      values[index] = values[parent]!;
      index = parent;
    }
    values[index] = value;
  }

  pop(): number {
    const values = this.#values;
    const top = values[0]!;
    const last = values[--this.#size]!;
    const size = this.#size;
    let index = 0;
    for (let child = 1; child < size; child = 2 * index + 1) {
      if (child + 1 < size && values[child + 1]! < values[child]!) child += 1;
      if (values[child]! >= last) break;
      values[index] = values[child]!;
      index = child;
    }
    values[index] = last;
    return top;
  }
}
