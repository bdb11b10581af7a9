// Comparing a backend's values with those of the float64 reference. How far they may be apart is tensor-core's `errorBounds` for an op
// (docs/error-bounds.md), and here for a program of several: a gradient is held to the sum of its ops' roundings. Integers, NaN and
// infinities are exact.
import { AttuneError } from "@attune/spec";
import { type ProductOperands, roundingBound, unitRoundoff } from "@attune/tensor-core";

/** What was computed, for the error's sentence. */
export interface Subject {
  readonly op: string;
  readonly sample: string;
  /** For instance `output 1` or `gradient of input 0`. */
  readonly value: string;
}

/** What gathers in the values of a program. */
export interface ProgramRoundings {
  readonly roundings: number;
  /** Products among its ops. */
  readonly products: number;
}

/**
 * Largest error of a program's values. Where operands are rounded to f16, two more roundings of that size gather for each product, as
 * independent errors do.
 */
export function programBound(
  { roundings, products }: ProgramRoundings,
  exact: Float64Array,
  operands: ProductOperands,
): number {
  const sums = roundingBound(roundings, exact);
  if (operands === "f32" || products === 0) return sums;
  return sums + (unitRoundoff.f16 / unitRoundoff.f32) * roundingBound(2 * products, exact);
}

/**
 * Compares values with exact ones.
 *
 * @throws AttuneError `NUMERICS` naming the first element that is off by more than the tolerance, one for all elements or one each
 */
export function assertClose(
  subject: Subject,
  actual: ArrayLike<number>,
  exact: Float64Array,
  tolerance: number | Float64Array,
): void {
  const where = `Op "${subject.op}", sample "${subject.sample}": ${subject.value}`;
  if (actual.length !== exact.length) {
    throw new AttuneError("NUMERICS", `${where} has ${actual.length} elements, expected ${exact.length}.`);
  }
  const wrong: WrongElement[] = [];
  for (let index = 0; index < exact.length; index++) {
    const [got, wanted] = [actual[index]!, exact[index]!];
    if (got === wanted || (Number.isNaN(got) && Number.isNaN(wanted))) continue;
    const allowed = typeof tolerance === "number" ? tolerance : tolerance[index]!;
    if (!(Math.abs(got - wanted) <= allowed)) wrong.push({ index, got, wanted, allowed });
  }
  const [first] = wrong;
  if (first === undefined) return;
  throw new AttuneError(
    "NUMERICS",
    `${where} is ${first.got} at element ${first.index}, expected ${first.wanted} within ${first.allowed.toExponential(2)}.`,
    { details: { elements: exact.length, wrong: wrong.length, first: wrong.slice(0, mostTold).map(told) } },
  );
}

/** An element that is off. */
interface WrongElement {
  readonly index: number;
  readonly got: number;
  readonly wanted: number;
  readonly allowed: number;
}

/** Elements that an error tells of: whether they are neighbours, a stride apart or anywhere says what went wrong. */
const mostTold = 24;

/** As text, since JSON has neither NaN nor infinities. */
function told({ index, got, wanted, allowed }: WrongElement): string {
  return `${index}: ${got}, expected ${wanted} within ${allowed.toExponential(2)}`;
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
