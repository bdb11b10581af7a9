/** The largest absolute value; what is infinite or NaN does not count. */
export function largestSize(values: Float64Array): number {
  return values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
}
