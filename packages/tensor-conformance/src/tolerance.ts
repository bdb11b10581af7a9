// How far a backend may be from the float64 reference.
//
// A sum of K products in floating point is off by K - 1 rounding errors, each at most u = eps/2 of a partial sum. If the signs
// of the errors are independent, they add up as their root mean square: about u · sqrt(K) times the size of the partial sums
// (Higham and Mary, A New Approach to Probabilistic Rounding Error Analysis, SIAM J. Sci. Comput. 41, 2019, theorem 2.4:
// u · λ · sqrt(K) holds for all elements with near certainty for small λ). Partial sums are about as large as the largest
// output of the tensor. Products round once more, functions such as exp within two units, and scaling factors once each; with
// λ = 8 for all of these, that is
//     |actual - exact| <= 4 · eps · sqrt(K) · max|exact|,   eps = 2^-23
// where K, the op's `accumulation`, counts the roundings that one output gathers. The bound is the same for every order of
// summation, so blocked, vector and threaded kernels all have to meet it, and none may use less than f32 inside. A gradient
// program is held to the sum of its ops' K. Integers, NaN and infinities are exact.
import { AttuneError } from "@attune/spec";
import { type Attributes, type OpDef, outputTolerance, type TensorType } from "@attune/tensor-core";

/** What was computed, for the error's sentence. */
export interface Subject {
  readonly op: string;
  readonly sample: string;
  /** For instance `output 1` or `gradient of input 0`. */
  readonly value: string;
}

/** Largest error allowed for one output of an op. */
export function toleranceOf(
  op: OpDef,
  inputs: readonly TensorType[],
  attributes: Attributes,
  exact: Float64Array,
): number {
  return outputTolerance({ op, inputs, attributes }, exact);
}

/** Largest error allowed where `roundings` gather in each element. */
export function toleranceOfRoundings(roundings: number, exact: Float64Array): number {
  const largest = exact.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
  return 4 * 2 ** -23 * Math.sqrt(Math.max(1, roundings)) * largest + 1e-30;
}

/**
 * Compares values with exact ones.
 *
 * @throws AttuneError `NUMERICS` naming the first element that is off by more than the tolerance
 */
export function assertClose(subject: Subject, actual: ArrayLike<number>, exact: Float64Array, tolerance: number): void {
  const where = `Op "${subject.op}", sample "${subject.sample}": ${subject.value}`;
  if (actual.length !== exact.length) {
    throw new AttuneError("NUMERICS", `${where} has ${actual.length} elements, expected ${exact.length}.`);
  }
  for (let index = 0; index < exact.length; index++) {
    const [got, wanted] = [actual[index]!, exact[index]!];
    if (got === wanted || (Number.isNaN(got) && Number.isNaN(wanted))) continue;
    if (Math.abs(got - wanted) <= tolerance) continue;
    throw new AttuneError(
      "NUMERICS",
      `${where} is ${got} at element ${index}, expected ${wanted} within ${tolerance.toExponential(2)}.`,
    );
  }
}

/** Compares bits. @throws AttuneError `NUMERICS` naming the first element that differs */
export function assertSameBits(subject: Subject, first: ArrayLike<number>, second: ArrayLike<number>): void {
  for (let index = 0; index < Math.max(first.length, second.length); index++) {
    if (Object.is(first[index], second[index])) continue;
    throw new AttuneError(
      "NUMERICS",
      `Op "${subject.op}", sample "${subject.sample}": ${subject.value} is ${first[index]} at element ${index} in one run and ${second[index]} in another.`,
    );
  }
}
