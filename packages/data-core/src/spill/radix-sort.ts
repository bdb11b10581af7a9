/** Words of an entry: two of the key, one of the value. */
export const entryWords = 3;

/**
 * Sorts entries [key high, key low, value] by key in place with a least-significant-digit radix sort (four passes of
 * 16 bits); entries with equal keys keep their order. `spare` must be as long as `entries`.
 */
export function radixSortEntries(entries: Uint32Array, spare: Uint32Array): void {
  const counts = new Uint32Array(2 ** 16);
  let [from, to] = [entries, spare];
  for (const [word, shift] of [
    [1, 0],
    [1, 16],
    [0, 0],
    [0, 16],
  ] as const) {
    counts.fill(0);
    for (let i = word; i < from.length; i += entryWords) counts[(from[i]! >>> shift) & 0xffff]!++;
    let start = 0;
    for (let digit = 0; digit < counts.length; digit++) {
      const count = counts[digit]!;
      counts[digit] = start;
      start += count;
    }
    for (let i = 0; i < from.length; i += entryWords) {
      const target = counts[(from[i + word]! >>> shift) & 0xffff]!++ * entryWords;
      to[target] = from[i]!;
      to[target + 1] = from[i + 1]!;
      to[target + 2] = from[i + 2]!;
    }
    [from, to] = [to, from];
  }
}
