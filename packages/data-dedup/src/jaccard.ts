/** Jaccard similarity |A ∩ B| / |A ∪ B| of two ascending sets; 0 when both are empty. */
export function jaccard(first: Uint32Array, second: Uint32Array): number {
  let [i, j, shared] = [0, 0, 0];
  while (i < first.length && j < second.length) {
    const [a, b] = [first[i]!, second[j]!];
    if (a === b) shared++;
    if (a <= b) i++;
    if (b <= a) j++;
  }
  const union = first.length + second.length - shared;
  return union === 0 ? 0 : shared / union;
}
