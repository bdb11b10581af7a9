/**
 * Holm's step-down correction (Scand. J. Statist. 1979): the k-th smallest of m p-values is multiplied by m - k + 1 and
 * never falls below its predecessor. It holds the chance of any false claim among m comparisons at the stated level.
 */

/** Adjusted p-values, in the order received. */
export function holmCorrection(pValues: readonly number[]): number[] {
  const order = pValues.map((_, index) => index).sort((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = new Array<number>(pValues.length).fill(1);
  let largest = 0;
  for (const [rank, index] of order.entries()) {
    largest = Math.max(largest, Math.min(1, pValues[index]! * (pValues.length - rank)));
    adjusted[index] = largest;
  }
  return adjusted;
}
