import { createRandomSequence } from "@attune/tensor-core";
import { describe, expect, it } from "vitest";
import { matrixProduct, qr, svd, transposed, truncatedSvd } from "../src/linear-algebra.ts";

const random = (m: number, n: number): Float64Array => {
  const sequence = createRandomSequence(1, `${m} ${n}`);
  return Float64Array.from({ length: m * n }, () => sequence.normal());
};
const difference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  a.length === b.length
    ? Array.from(a).reduce((most, value, index) => Math.max(most, Math.abs(value - b[index]!)), 0)
    : Number.POSITIVE_INFINITY;
const identity = (n: number): Float64Array =>
  Float64Array.from({ length: n * n }, (_, index) => (index % (n + 1) === 0 ? 1 : 0));
const gram = (a: ArrayLike<number>, m: number, n: number): Float64Array =>
  matrixProduct(transposed(a, m, n), a, [n, m, n]);

describe.each([
  [7, 4],
  [4, 7],
  [5, 5],
  [1, 3],
  [3, 1],
  [12, 12],
])("a %i by %i matrix", (m, n) => {
  const a = random(m, n);
  const k = Math.min(m, n);

  it("is Q·R with orthonormal columns and an upper triangle", () => {
    const { Q, R } = qr(a, m, n);
    expect(difference(matrixProduct(Q, R, [m, k, n]), a)).toBeLessThan(1e-13);
    expect(difference(gram(Q, m, k), identity(k))).toBeLessThan(1e-14);
    expect(R.every((value, index) => index % n >= Math.floor(index / n) || value === 0)).toBe(true);
    if (k > 1) {
      const first = qr(a, m, n, k - 1);
      expect(difference(first.R, R.subarray(0, (k - 1) * n))).toBeLessThan(1e-14);
    }
  });

  it("is U·S·Vᵀ with singular values in descending order", () => {
    const { U, S, V, k: found } = svd(a, m, n);
    expect(found).toBe(k);
    expect(difference(gram(U, m, k), identity(k))).toBeLessThan(1e-13);
    expect(difference(gram(V, n, k), identity(k))).toBeLessThan(1e-13);
    const scaled = U.map((value, index) => value * S[index % k]!);
    expect(difference(matrixProduct(scaled, transposed(V, n, k), [m, k, n]), a)).toBeLessThan(1e-13);
    expect([...S]).toEqual([...S].sort((left, right) => right - left));
    const power = S.reduce((sum, value) => sum + value * value, 0);
    expect(power).toBeCloseTo(
      a.reduce((sum, value) => sum + value * value, 0),
      10,
    );
  });
});

it("finds singular values of a matrix of lower rank, zeros included", () => {
  const a = matrixProduct(random(6, 2), random(2, 5), [6, 2, 5]);
  const { S } = svd(a, 6, 5);
  expect(S[1]).toBeGreaterThan(0.1);
  expect(Math.max(...S.subarray(2))).toBeLessThan(1e-13);
  expect([...svd(new Float64Array(6), 2, 3).S]).toEqual([0, 0]);
});

it("approximates the leading part by subspace iteration", () => {
  const [m, n, rank] = [40, 30, 4];
  const { U, V } = svd(random(m, n), m, n);
  const spectrum = Float64Array.from({ length: n }, (_, index) => 2 ** -index);
  const a = matrixProduct(
    U.map((value, index) => value * spectrum[index % n]!),
    transposed(V, n, n),
    [m, n, n],
  );
  const found = truncatedSvd(a, m, n, rank, 3, createRandomSequence(2, "start"));
  expect(difference(found.S.subarray(0, rank), spectrum.subarray(0, rank))).toBeLessThan(1e-9);
});
