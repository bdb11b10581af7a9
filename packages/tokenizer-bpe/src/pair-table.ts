/**
 * A hash table from pairs of token ids to small integers, with open addressing in typed arrays: a `Map` with a number
 * made of both ids would allocate for each look-up.
 */
export class PairTable {
  #left: Int32Array;
  #right: Int32Array;
  #values: Int32Array;
  #mask: number;
  #size = 0;

  constructor(expected = 16) {
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(16, 2 * expected)));
    this.#left = new Int32Array(capacity).fill(-1);
    this.#right = new Int32Array(capacity);
    this.#values = new Int32Array(capacity);
    this.#mask = capacity - 1;
  }

  /** Number of pairs. */
  get size(): number {
    return this.#size;
  }

  /** The value of a pair, or -1. */
  get(left: number, right: number): number {
    const slot = this.#slotOf(left, right);
    return this.#left[slot] === -1 ? -1 : this.#values[slot]!;
  }

  /** Sets the value of a pair. */
  set(left: number, right: number, value: number): void {
    if (2 * this.#size >= this.#mask) this.#grow();
    const slot = this.#slotOf(left, right);
    if (this.#left[slot] === -1) this.#size += 1;
    this.#left[slot] = left;
    this.#right[slot] = right;
    this.#values[slot] = value;
  }

  #slotOf(left: number, right: number): number {
    const lefts = this.#left;
    const rights = this.#right;
    const mixed = Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x85ebca6b);
    let slot = (mixed ^ (mixed >>> 15)) & this.#mask;
    while (lefts[slot] !== -1 && (lefts[slot] !== left || rights[slot] !== right)) slot = (slot + 1) & this.#mask;
    return slot;
  }

  #grow(): void {
    const [left, right, values] = [this.#left, this.#right, this.#values];
    const capacity = 2 * left.length;
    this.#left = new Int32Array(capacity).fill(-1);
    this.#right = new Int32Array(capacity);
    this.#values = new Int32Array(capacity);
    this.#mask = capacity - 1;
    this.#size = 0;
    for (let slot = 0; slot < left.length; slot++) {
      if (left[slot] !== -1) this.set(left[slot]!, right[slot]!, values[slot]!);
    }
  }
}
