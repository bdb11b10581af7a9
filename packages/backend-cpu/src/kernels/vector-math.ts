// Elementary functions of four f32 at a time. Each states its relative error against the exact value; 1 ulp is 2^-23 at most.
// Polynomials are interpolated at Chebyshev nodes on the reduced range, in float64, and rounded to f32; their own error is
// below 2e-8 and so below rounding. NaN goes through all of them.
import { type FunctionBuilder, f32, f32x4, i32x4, shuffle32, type Value, v128 } from "@attune/tensor-core/wasm";

type Vector = Value<"v128">;
type VectorFunction = (f: FunctionBuilder, x: Vector) => Vector;

const float = (f: FunctionBuilder, value: number): Vector => f.hoisted(f32x4.constant(value));
const integer = (f: FunctionBuilder, value: number): Vector => f.hoisted(i32x4.constant(value));

/** Horner's scheme, coefficients from the constant term up. */
function polynomial(f: FunctionBuilder, x: Vector, coefficients: readonly number[]): Vector {
  return coefficients
    .slice(0, -1)
    .reduceRight<Vector>(
      (sum, coefficient) => f32x4.madd(sum, x, float(f, coefficient)),
      float(f, coefficients.at(-1)!),
    );
}

/** Adding and subtracting 1.5 · 2^23 rounds to an integer, which then stands in the lower bits. */
const rounding = 12582912;

/**
 * e^x = 2^n · e^r with n = round(x / ln 2), |r| <= ln 2 / 2 and e^r = 1 + r + r² P(r). Error below 1.5 ulp; subnormals are exact
 * to half a unit, below -104 it is 0, above 88.72 infinity.
 */
export const vectorExp: VectorFunction = (f, x) => {
  const limited = f.keep(f32x4.pmax(f32x4.pmin(x, float(f, 89)), float(f, -104)));
  const shifted = f.keep(f32x4.madd(limited, float(f, Math.LOG2E), float(f, rounding)));
  const n = f.keep(f32x4.sub(shifted, float(f, rounding)));
  const high = f32x4.nmadd(n, float(f, 0.693145751953125), limited);
  const r = f.keep(f32x4.nmadd(n, float(f, 1.4286068203094173e-6), high));
  const p = polynomial(f, r, [0.5, 0.166665763, 0.0416665561, 0.00836317893, 0.0013926184]);
  const power = f32x4.add(f32x4.madd(f32x4.mul(r, r), p, r), float(f, 1));
  const exponent = f.keep(i32x4.sub(shifted, integer(f, 0x4b400000)));
  const half = f.keep(i32x4.shrS(exponent, 1));
  const scale = (value: Vector): Vector => i32x4.shl(i32x4.add(value, integer(f, 127)), 23);
  return f32x4.mul(f32x4.mul(power, scale(half)), scale(i32x4.sub(exponent, half)));
};

/**
 * e^x for x up to 88, as in softmax, where it is at most 0: below -87.33, where results are no longer normal numbers, it is 0. Error below
 * 1.5 ulp.
 */
export const vectorExpNormal: VectorFunction = (f, value) => {
  const x = f.keep(value);
  const shifted = f.keep(f32x4.madd(x, float(f, Math.LOG2E), float(f, rounding)));
  const n = f.keep(f32x4.sub(shifted, float(f, rounding)));
  const high = f32x4.nmadd(n, float(f, 0.693145751953125), x);
  const r = f.keep(f32x4.nmadd(n, float(f, 1.4286068203094173e-6), high));
  const p = polynomial(f, r, [0.5, 0.166665763, 0.0416665561, 0.00836317893, 0.0013926184]);
  const power = f32x4.add(f32x4.madd(f32x4.mul(r, r), p, r), float(f, 1));
  // n stands in the lower bits of `shifted`, the others leave the word.
  const scaled = i32x4.add(power, i32x4.shl(shifted, 23));
  return v128.andNot(scaled, f32x4.lt(x, float(f, -87.33)));
};

/**
 * ln x = n ln 2 + ln(1 + g) for x = 2^n (1 + g), 1 + g in [1/√2, √2); with s = g / (2 + g), ln(1 + g) = g - g²/2 + s (g²/2 + s² P(s²)).
 * Error below 1.5 ulp. 0 gives -Infinity, negative numbers NaN. (Tang, Table-driven implementation of the logarithm, 1990, without the table.)
 */
export const vectorLog: VectorFunction = (f, value) => {
  const x = f.keep(value);
  const tiny = f.keep(f32x4.lt(x, float(f, 1.17549435e-38)));
  const bits = f.keep(v128.bitselect(f32x4.mul(x, float(f, 8388608)), x, tiny));
  const shifted = f.keep(i32x4.sub(bits, integer(f, 0x3f3504f3)));
  const n = f.keep(f32x4.convertS(i32x4.sub(i32x4.shrS(shifted, 23), v128.and(tiny, integer(f, 23)))));
  const mantissa = i32x4.add(v128.and(shifted, integer(f, 0x007fffff)), integer(f, 0x3f3504f3));
  const g = f.keep(f32x4.sub(mantissa, float(f, 1)));
  const s = f.keep(f32x4.div(g, f32x4.add(g, float(f, 2))));
  const z = f.keep(f32x4.mul(s, s));
  const half = f.keep(f32x4.mul(f32x4.mul(g, g), float(f, 0.5)));
  const tail = polynomial(f, z, [0.666666687, 0.400001228, 0.285508215, 0.23330465]);
  const small = f32x4.madd(s, f32x4.madd(z, tail, half), f32x4.mul(n, float(f, 9.05800061e-6)));
  const finite = f32x4.add(f32x4.mul(n, float(f, 0.693138123)), f32x4.sub(g, f32x4.sub(half, small)));
  const infinite = v128.bitselect(x, finite, f32x4.eq(x, float(f, Number.POSITIVE_INFINITY)));
  const atZero = v128.bitselect(float(f, Number.NEGATIVE_INFINITY), infinite, f32x4.eq(x, float(f, 0)));
  const invalid = f32x4.lt(x, float(f, 0));
  return v128.or(v128.bitselect(f32x4.add(x, x), atZero, f32x4.ne(x, x)), invalid);
};

/** 1 / (1 + e^-x). Error below 2.5 ulp. */
export const vectorSigmoid: VectorFunction = (f, x) =>
  f32x4.div(float(f, 1), f32x4.add(float(f, 1), vectorExp(f, f32x4.neg(x))));

/** Magnitude from `value`, sign from `source`. */
function withSign(f: FunctionBuilder, value: Vector, source: Vector): Vector {
  return v128.bitselect(source, value, integer(f, -0x80000000));
}

/** tanh x = x + x³ P(x²) up to 0.625, then 1 - 2 / (e^2|x| + 1). Error below 2 ulp. */
export const vectorTanh: VectorFunction = (f, value) => {
  const x = f.keep(value);
  const magnitude = f.keep(f32x4.abs(x));
  const z = f.keep(f32x4.mul(x, x));
  const p = polynomial(f, z, [-0.333333284, 0.133327186, -0.0538432635, 0.0209613293, -0.00604516501]);
  const small = f.keep(f32x4.madd(f32x4.mul(x, z), p, x));
  const power = vectorExp(f, f32x4.add(magnitude, magnitude));
  const large = f32x4.sub(float(f, 1), f32x4.div(float(f, 2), f32x4.add(power, float(f, 1))));
  return v128.bitselect(withSign(f, large, x), small, f32x4.gt(magnitude, float(f, 0.625)));
};

/** erf x = x P(x²) up to 1, then 1 - e^-x² Q(1/x) / x. Error below 2.5 ulp. */
export const vectorErf: VectorFunction = (f, value) => {
  const x = f.keep(value);
  const magnitude = f.keep(f32x4.pmin(f32x4.abs(x), float(f, 4.2)));
  const z = f.keep(f32x4.mul(magnitude, magnitude));
  const p = polynomial(f, z, [1.12837911, -0.376123428, 0.112803169, -0.0267150551, 0.00492176181, -0.000564805989]);
  const small = f.keep(f32x4.mul(x, p));
  const reciprocal = f.keep(f32x4.div(float(f, 1), magnitude));
  const q = polynomial(
    f,
    reciprocal,
    [
      0.564010441, 0.00268005533, -0.295611233, 0.00584678398, 0.644468963, -1.01249456, 0.786424339, -0.324616343,
      0.0568751805,
    ],
  );
  const tail = f32x4.mul(f32x4.mul(vectorExp(f, f32x4.neg(z)), reciprocal), q);
  const large = withSign(f, f32x4.sub(float(f, 1), tail), x);
  return v128.bitselect(large, small, f32x4.gt(magnitude, float(f, 1)));
};

/** Quadrant of x and what is left of it, by subtracting multiples of π/2 in three parts (Cody and Waite): |x| up to 2^13. */
function reduceAngle(f: FunctionBuilder, x: Vector): { quadrant: Vector; rest: Vector } {
  const shifted = f.keep(f32x4.madd(x, float(f, 2 / Math.PI), float(f, rounding)));
  const n = f.keep(f32x4.sub(shifted, float(f, rounding)));
  const first = f32x4.nmadd(n, float(f, 1.5703125), x);
  const second = f32x4.nmadd(n, float(f, 4.837512969970703e-4), first);
  return { quadrant: shifted, rest: f.keep(f32x4.nmadd(n, float(f, 7.549789954891882e-8), second)) };
}

/** Sine of an angle whose quadrant counts on by `turn` quarters. */
function quarterWave(f: FunctionBuilder, value: Vector, turn: 0 | 1): Vector {
  const { quadrant: shifted, rest } = reduceAngle(f, value);
  const quadrant = f.keep(turn === 0 ? shifted : i32x4.add(shifted, integer(f, 1)));
  const z = f.keep(f32x4.mul(rest, rest));
  const sine = f.keep(
    f32x4.madd(f32x4.mul(rest, z), polynomial(f, z, [-0.166666642, 0.00833273679, -0.000195853732]), rest),
  );
  const cosineTail = polynomial(f, z, [0.0416666642, -0.00138882909, 0.0000245454194]);
  const cosine = f32x4.madd(f32x4.mul(z, z), cosineTail, f32x4.nmadd(z, float(f, 0.5), float(f, 1)));
  const odd = i32x4.eq(v128.and(quadrant, integer(f, 1)), integer(f, 1));
  const sign = i32x4.shl(v128.and(quadrant, integer(f, 2)), 30);
  return v128.xor(v128.bitselect(cosine, sine, odd), sign);
}

/** sin x: absolute error below 1.2e-7 for |x| up to 8192; beyond, the angle itself is no longer resolved. */
export const vectorSin: VectorFunction = (f, x) => quarterWave(f, f.keep(x), 0);

/** cos x: as `vectorSin`. */
export const vectorCos: VectorFunction = (f, x) => quarterWave(f, f.keep(x), 1);

/** The sum of the four lanes: (0 + 2) + (1 + 3). */
export function sumLanes(f: FunctionBuilder, vector: Vector): Value<"f32"> {
  const pairs = f.keep(pairwise(f, vector, f32x4.add));
  return f32.add(f32x4.extract(pairs, 0), f32x4.extract(pairs, 1));
}

/** The largest of the four lanes; NaN if one is. */
export function largestLane(f: FunctionBuilder, vector: Vector): Value<"f32"> {
  const pairs = f.keep(pairwise(f, vector, f32x4.max));
  return f32.max(f32x4.extract(pairs, 0), f32x4.extract(pairs, 1));
}

function pairwise(f: FunctionBuilder, vector: Vector, combine: (left: Vector, right: Vector) => Vector): Vector {
  const kept = f.keep(vector);
  return combine(kept, shuffle32(kept, kept, [2, 3, 2, 3]));
}

/** The vector with lanes from `lanes` on replaced by `other`. */
export function keepLanes(f: FunctionBuilder, vector: Vector, lanes: number, other: number): Vector {
  if (lanes === 4) return vector;
  const mask = f.hoisted(i32x4.constant(...[0, 1, 2, 3].map((lane) => (lane < lanes ? -1 : 0))));
  return v128.bitselect(vector, float(f, other), mask);
}
