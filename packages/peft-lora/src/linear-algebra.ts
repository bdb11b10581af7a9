// Dense matrices on the host, float64, row-major. QR by Householder reflections (Golub and Van Loan, Matrix Computations, 5.2);
// SVD by one-sided Jacobi rotations after a QR (ibid., 8.6.3), accurate for small matrices; a truncated SVD by subspace iteration
// from a random start (Halko, Martinsson and Tropp, SIAM Review 53 (2011), algorithms 4.4 and 5.1).
import type { RandomSequence } from "@attune/tensor-core";

/** a `[m, k]` times b `[k, n]`. */
export function matrixProduct(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  [m, k, n]: readonly [number, number, number],
): Float64Array {
  const result = new Float64Array(m * n);
  for (let row = 0; row < m; row++) {
    for (let inner = 0; inner < k; inner++) {
      const factor = a[row * k + inner]!;
      if (factor === 0) continue;
      for (let column = 0; column < n; column++) result[row * n + column]! += factor * b[inner * n + column]!;
    }
  }
  return result;
}

/** The transpose of a `[rows, columns]`. */
export function transposed(a: ArrayLike<number>, rows: number, columns: number): Float64Array {
  return Float64Array.from(
    { length: rows * columns },
    (_, index) => a[(index % rows) * columns + Math.floor(index / rows)]!,
  );
}

/** Q `[m, steps]` with orthonormal columns and R `[steps, n]`, the first `steps` of a = Q·R; all min(m, n) unless fewer are asked for. */
export function qr(
  a: ArrayLike<number>,
  m: number,
  n: number,
  steps: number = Math.min(m, n),
): { readonly Q: Float64Array; readonly R: Float64Array } {
  const work = Float64Array.from(a);
  const reflectors: Float64Array[] = [];
  for (let step = 0; step < steps; step++) {
    const v = Float64Array.from({ length: m }, (_, row) => (row < step ? 0 : work[row * n + step]!));
    const length = Math.sqrt(dot(v, v));
    v[step]! += v[step]! < 0 ? -length : length;
    normalise(v);
    reflect(work, v, m, n);
    reflectors.push(v);
  }
  const Q = new Float64Array(m * steps);
  for (let index = 0; index < steps; index++) Q[index * steps + index] = 1;
  for (const v of reflectors.reverse()) reflect(Q, v, m, steps);
  const R = work.slice(0, steps * n).map((value, index) => (index % n < Math.floor(index / n) ? 0 : value));
  return { Q, R };
}

function normalise(v: Float64Array): void {
  const length = Math.sqrt(dot(v, v));
  if (length > 0) for (let index = 0; index < v.length; index++) v[index]! /= length;
}

/** matrix ← (I − 2vvᵀ)·matrix */
function reflect(matrix: Float64Array, v: Float64Array, m: number, n: number): void {
  const dots = new Float64Array(n);
  for (let row = 0; row < m; row++) {
    if (v[row] !== 0) for (let column = 0; column < n; column++) dots[column]! += v[row]! * matrix[row * n + column]!;
  }
  for (let row = 0; row < m; row++) {
    if (v[row] !== 0)
      for (let column = 0; column < n; column++) matrix[row * n + column]! -= 2 * v[row]! * dots[column]!;
  }
}

/** a = U·diag(S)·Vᵀ: U `[m, k]`, S descending, V `[n, k]`. */
export interface Svd {
  readonly U: Float64Array;
  readonly S: Float64Array;
  readonly V: Float64Array;
  readonly k: number;
}

/** All singular values and vectors of a `[m, n]`, k = min(m, n). */
export function svd(a: ArrayLike<number>, m: number, n: number): Svd {
  if (m < n) {
    const { U, S, V, k } = svd(transposed(a, m, n), n, m);
    return { U: V, S, V: U, k };
  }
  const { Q, R } = qr(a, m, n);
  const columns = Array.from({ length: n }, (_, column) =>
    Float64Array.from({ length: n }, (_value, row) => R[row * n + column]!),
  );
  const rotations = Array.from({ length: n }, (_, column) =>
    Float64Array.from({ length: n }, (_value, row) => (row === column ? 1 : 0)),
  );
  while (sweep(columns, rotations)) {}
  const order = columns
    .map((column, index) => ({ index, value: Math.sqrt(dot(column, column)) }))
    .sort((left, right) => right.value - left.value);
  const S = Float64Array.from(order, ({ value }) => value);
  const small = new Float64Array(n * n);
  const V = new Float64Array(n * n);
  order.forEach(({ index, value }, column) => {
    for (let row = 0; row < n; row++) {
      small[row * n + column] = value > 0 ? columns[index]![row]! / value : 0;
      V[row * n + column] = rotations[index]![row]!;
    }
  });
  return { U: matrixProduct(Q, small, [m, n, n]), S, V, k: n };
}

/** One pass over all pairs of columns; true if a pair was not orthogonal yet. */
function sweep(columns: readonly Float64Array[], rotations: readonly Float64Array[]): boolean {
  let rotated = false;
  for (let p = 0; p < columns.length; p++) {
    for (let q = p + 1; q < columns.length; q++) {
      const [left, right] = [columns[p]!, columns[q]!];
      const [alpha, beta, gamma] = [dot(left, left), dot(right, right), dot(left, right)];
      if (Math.abs(gamma) <= 1e-15 * Math.sqrt(alpha * beta) || alpha * beta === 0) continue;
      rotated = true;
      const zeta = (beta - alpha) / (2 * gamma);
      const tangent = Math.sign(zeta || 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
      const cosine = 1 / Math.sqrt(1 + tangent * tangent);
      rotate(left, right, cosine, cosine * tangent);
      rotate(rotations[p]!, rotations[q]!, cosine, cosine * tangent);
    }
  }
  return rotated;
}

function dot(left: Float64Array, right: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < left.length; index++) sum += left[index]! * right[index]!;
  return sum;
}

function rotate(left: Float64Array, right: Float64Array, cosine: number, sine: number): void {
  for (let index = 0; index < left.length; index++) {
    const [a, b] = [left[index]!, right[index]!];
    left[index] = cosine * a - sine * b;
    right[index] = sine * a + cosine * b;
  }
}

/** The largest `rank` singular values and vectors, from `iterations` rounds of subspace iteration. */
export function truncatedSvd(
  a: ArrayLike<number>,
  m: number,
  n: number,
  rank: number,
  iterations: number,
  random: RandomSequence,
): Svd {
  const width = Math.min(rank + 8, m, n);
  const start = Float64Array.from({ length: n * width }, () => random.normal());
  const aT = transposed(a, m, n);
  let basis = qr(matrixProduct(a, start, [m, n, width]), m, width).Q;
  for (let round = 0; round < iterations; round++) {
    const back = qr(matrixProduct(aT, basis, [n, m, width]), n, width).Q;
    basis = qr(matrixProduct(a, back, [m, n, width]), m, width).Q;
  }
  const small = svd(matrixProduct(transposed(basis, m, width), a, [width, m, n]), width, n);
  return { U: matrixProduct(basis, small.U, [m, width, small.k]), S: small.S, V: small.V, k: small.k };
}
