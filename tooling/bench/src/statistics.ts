// What a row says of a subject: medians and spread, and the ratio round by round, so that a machine whose speed drifts drifts in both.

export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Median, smallest and largest of at least one number. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, low: sorted[0]!, high: sorted.at(-1)! };
}

/** How many times as fast the first is: other seconds / own seconds of each round. */
export function speedRatio(own: readonly number[], other: readonly number[]): Spread {
  return spreadOf(own.map((seconds, round) => other[round]! / seconds));
}
