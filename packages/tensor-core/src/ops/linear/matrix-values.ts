/** Sizes and transposes of a product of float64 matrices: op(a) is [m, k], op(b) is [k, n]. */
export interface MatrixExtent {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** Writes op(a) · op(b) into y, row by row, each element summed over ascending k. */
export function multiplyInto(
  y: Float64Array,
  a: Float64Array,
  b: Float64Array,
  { m, k, n, transposeA, transposeB }: MatrixExtent,
): void {
  const [rowOfA, stepOfA] = transposeA ? [1, m] : [k, 1];
  const [columnOfB, stepOfB] = transposeB ? [k, 1] : [1, n];
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let total = 0;
      for (let p = 0; p < k; p++) total += a[i * rowOfA + p * stepOfA]! * b[j * columnOfB + p * stepOfB]!;
      y[i * n + j] = total;
    }
  }
}
