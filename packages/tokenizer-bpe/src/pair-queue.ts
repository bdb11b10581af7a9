/**
 * The pairs of a training run, and a priority queue over them: most frequent first, and of equally frequent ones the
 * pair of the smallest ids, so that a run is deterministic. Entries whose count fell since are put back when they come
 * up, instead of being found and moved each time a count changes.
 */
import { PairTable } from "./pair-table.ts";

/** All pairs of neighbours that were seen, numbered in order of appearance. */
export interface Pairs {
  readonly numbers: PairTable;
  readonly lefts: number[];
  readonly rights: number[];
  /** How often each occurs now, weighted by the counts of the words. */
  readonly counts: number[];
  /** Words in which each occurs or once occurred. */
  readonly words: number[][];
}

/** Makes an empty set of pairs. */
export function createPairs(): Pairs {
  return { numbers: new PairTable(1 << 16), lefts: [], rights: [], counts: [], words: [] };
}

/** The number of a pair, a new one if it was not seen yet. */
export function pairNumber(pairs: Pairs, left: number, right: number): number {
  const known = pairs.numbers.get(left, right);
  if (known >= 0) return known;
  const number = pairs.lefts.length;
  pairs.numbers.set(left, right, number);
  pairs.lefts.push(left);
  pairs.rights.push(right);
  pairs.counts.push(0);
  pairs.words.push([]);
  return number;
}

/** Counts a pair up and notes the word. Words come in order, so looking at the last one noted avoids repetitions. */
export function addOccurrence(pairs: Pairs, number: number, word: number, count: number): void {
  pairs.counts[number]! += count;
  const words = pairs.words[number]!;
  if (words[words.length - 1] !== word) words.push(word);
}

/** A binary heap of pair numbers, each with the count it had when it was put in. */
export class PairQueue {
  readonly #pairs: Pairs;
  readonly #numbers: number[] = [];
  readonly #counts: number[] = [];

  constructor(pairs: Pairs) {
    this.#pairs = pairs;
  }

  /** Puts a pair in with its count of now. */
  push(number: number): void {
    this.#numbers.push(number);
    this.#counts.push(this.#pairs.counts[number]!);
    let index = this.#numbers.length - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#before(index, parent)) break;
      this.#swap(index, parent);
      index = parent;
    }
  }

  /** Takes out the most frequent pair, or -1 when there is none. */
  pop(): number {
    while (this.#numbers.length > 0) {
      const number = this.#numbers[0]!;
      const isCurrent = this.#counts[0] === this.#pairs.counts[number];
      this.#removeTop();
      if (isCurrent) return number;
      if (this.#pairs.counts[number]! > 0) this.push(number);
    }
    return -1;
  }

  #removeTop(): void {
    this.#swap(0, this.#numbers.length - 1);
    this.#numbers.pop();
    this.#counts.pop();
    for (let index = 0; ; ) {
      let first = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < this.#numbers.length && this.#before(child, first)) first = child;
      }
      if (first === index) return;
      this.#swap(index, first);
      index = first;
    }
  }

  #before(one: number, other: number): boolean {
    const difference = this.#counts[one]! - this.#counts[other]!;
    if (difference !== 0) return difference > 0;
    const { lefts, rights } = this.#pairs;
    const [first, second] = [this.#numbers[one]!, this.#numbers[other]!];
    return (lefts[first]! - lefts[second]! || rights[first]! - rights[second]!) < 0;
  }

  #swap(one: number, other: number): void {
    for (const column of [this.#numbers, this.#counts]) {
      const value = column[one]!;
      column[one] = column[other]!;
      column[other] = value;
    }
  }
}
