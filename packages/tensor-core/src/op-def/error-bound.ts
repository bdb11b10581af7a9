// How far a backend may be from the float64 reference; docs/error-bounds.md derives it and says it in a table.
//   any op:      |actual - exact| <= 4 · eps · sqrt(K) · max|exact|          K roundings gather in one output, eps = 2^-23
//                and 4 · eps · c on top where an output is the difference of values up to c
//   a product:   and <= γ(n) · S,  γ(n) = n·u / (1 - n·u),  S = Σ|a||b| (+ |bias| + |residual|),  u = 2^-24
//   f16 operands: d(a) and d(b), the distance to the next f16 values, on top of both: Σ d(a)|b| + |a|d(b) + d(a)d(b)
// γ holds in every order of summation, blocked, split, fused or not (Higham, Accuracy and Stability of Numerical Algorithms, 3.1); the
// first bound is what rounding errors of independent signs give (Higham and Mary, SIAM J. Sci. Comput. 41, 2019, theorem 2.4).

import { fromFloat16, toFloat16 } from "../type/half-float.ts";
import type { TensorType } from "../type/tensor-type.ts";
import { largestSize } from "./largest-size.ts";
import type { Attributes, OpDef, ReferenceContext } from "./op-def.ts";

/** What the operands of products are rounded to; sums are kept in f32. */
export type ProductOperands = "f32" | "f16";

/** An op as it was applied. */
export interface BoundedOp {
  readonly op: OpDef;
  readonly inputs: readonly TensorType[];
  readonly attributes: Attributes;
}

/** Half of the distance from 1 to the next value: the relative error of rounding to nearest. */
export const unitRoundoff: Readonly<Record<"f32" | "f16" | "bf16", number>> = {
  f32: 2 ** -24,
  f16: 2 ** -11,
  bf16: 2 ** -8,
};

/** Ops whose outputs are sums of products of their first two inputs. */
const productOps: ReadonlySet<string> = new Set(["linear", "batchedMatmul"]);

/** Roundings of a sum of K products beside its K: decoding a stored weight (2), bias, residual. */
const roundingsBeside = 4;

/** Largest relative error of n roundings in a row, infinite where n·u reaches 1. */
export function gamma(n: number, u: number = unitRoundoff.f32): number {
  return n * u < 1 ? (n * u) / (1 - n * u) : Number.POSITIVE_INFINITY;
}

/** Whether operands of an op are rounded to f16 where products are. */
export function multipliesOperands({ id }: Pick<OpDef, "id">): boolean {
  return productOps.has(id);
}

/** Error of values that gather so many roundings, from the largest of them. */
export function roundingBound(roundings: number, exact: Float64Array): number {
  return 8 * unitRoundoff.f32 * Math.sqrt(Math.max(1, roundings)) * largestSize(exact) + 1e-30;
}

/**
 * Largest error of each element of each output of an op.
 *
 * @param values - exact values of the inputs, as they are stored
 * @param exact - exact values of the outputs
 */
export function errorBounds(
  { op, inputs, attributes }: BoundedOp,
  values: readonly Float64Array[],
  exact: readonly Float64Array[],
  operands: ProductOperands = "f32",
): readonly Float64Array[] {
  const roundings = Math.max(1, op.accumulation?.(inputs, attributes) ?? 1);
  const cancelled = op.cancelled?.(values, exact, contextOf(op, inputs, attributes)) ?? [];
  const usual = exact.map((output, index) => {
    const bound = roundingBound(roundings, output) + 8 * unitRoundoff.f32 * (cancelled[index] ?? 0);
    return new Float64Array(output.length).fill(bound);
  });
  if (!multipliesOperands(op)) return usual;
  const activation = (attributes as { activation?: string }).activation ?? "";
  const product = (a: Float64Array, b: Float64Array, rest: boolean): Float64Array => {
    const others = values.slice(2).map((each) => (rest ? each.map(Math.abs) : new Float64Array(each.length)));
    const linear = { ...attributes, ...(activation === "" ? {} : { activation: "" }) };
    const context = { attributes: linear, inputTypes: inputs, outputTypes: op.infer(inputs, attributes) };
    return op.reference!([a, b, ...others], context)[0]!;
  };
  const [a, b] = [values[0]!.map(Math.abs), values[1]!.map(Math.abs)];
  const size = product(a, b, true);
  const rounded = operands === "f16" ? operandError(a, b, product) : undefined;
  const worst = gamma(roundings + roundingsBeside);
  return [
    usual[0]!.map((bound, element) => {
      const moved = rounded?.[element] ?? 0;
      const sum = activation === "" ? worst * (size[element]! + moved) + 1e-30 : bound;
      return Math.min(sum, bound) + steepest(activation) * moved;
    }),
  ];
}

function contextOf(op: OpDef, inputTypes: readonly TensorType[], attributes: Attributes): ReferenceContext<Attributes> {
  return { attributes, inputTypes, outputTypes: op.infer(inputTypes, attributes) };
}

/** Largest slope of an epilogue. */
function steepest(activation: string): number {
  return activation.startsWith("scale ") ? Math.abs(Number(activation.slice("scale ".length))) : 1.13;
}

/** Σ d(a)|b| + |a|d(b) + d(a)d(b). */
function operandError(
  a: Float64Array,
  b: Float64Array,
  product: (a: Float64Array, b: Float64Array, rest: boolean) => Float64Array,
): Float64Array {
  const [da, db] = [a.map(halfDistance), b.map(halfDistance)];
  const wider = b.map((value, index) => value + db[index]!);
  const [first, second] = [product(da, wider, false), product(a, db, false)];
  return first.map((value, element) => value + second[element]!);
}

/** How far f16 may be from a value: WGSL takes either neighbour, and may take 0 for what is subnormal. */
function halfDistance(value: number): number {
  if (fromFloat16(toFloat16(value)) === value && (value >= 2 ** -14 || value === 0)) return 0;
  if (!(value < 65504)) return Number.POSITIVE_INFINITY;
  return value < 2 ** -14 ? Math.max(value, 2 ** -24) : 2 ** (Math.floor(Math.log2(value)) - 10);
}
