// Elementwise functions over tensors and numbers, broadcast as in NumPy. Each is one scalar expression of the pointwise op.
import { AttuneError } from "@attune/spec";
import { assertTensor, type Tensor } from "../../graph/tensor.ts";
import { call, constant, input, type ScalarExpression, type ScalarFunction } from "../../op-def/scalar-expression.ts";
import type { DType } from "../../type/dtype.ts";
import { formatType } from "../../type/tensor-type.ts";
import { geluExpression, geluTanhExpression, reluExpression, siluExpression } from "./activations.ts";
import { pointwise } from "./pointwise.ts";

/** A tensor, or a number that stands for a tensor of that value. */
export type Operand = Tensor | number;

/** Puts operands into an expression: tensors become its inputs, numbers its constants. */
function combine(
  operands: readonly Operand[],
  build: (...parts: ScalarExpression[]) => ScalarExpression,
  dtype?: DType,
): Tensor {
  const tensors = operands.filter((operand): operand is Tensor => typeof operand !== "number");
  if (tensors.length === 0)
    throw new AttuneError("INPUT_INVALID", "Expected at least one tensor among the operands, got numbers.");
  for (const tensor of tensors) assertTensor(tensor, "an operand");
  let next = 0;
  const parts = operands.map((operand) => (typeof operand === "number" ? constant(operand) : input(next++)));
  return pointwise(tensors, build(...parts), dtype ?? commonDtype(tensors));
}

function commonDtype(tensors: readonly Tensor[]): DType {
  const [first, ...others] = tensors;
  const other = others.find((tensor) => tensor.type.dtype !== first!.type.dtype);
  if (other) {
    throw new AttuneError(
      "DTYPE_MISMATCH",
      `Expected operands of one dtype, got ${formatType(first!.type)} and ${formatType(other.type)}.`,
      {
        hint: "Convert one of them with cast(x, dtype).",
      },
    );
  }
  return first!.type.dtype;
}

const apply = (name: ScalarFunction, ...operands: Operand[]): Tensor =>
  combine(operands, (...parts) => call(name, ...parts));

/** Functions of real numbers give f32, whatever they are given. */
const real = (name: ScalarFunction, x: Tensor): Tensor => combine([x], (part) => call(name, part), "f32");

/** a + b */
export function add(a: Operand, b: Operand): Tensor {
  return apply("add", a, b);
}

/** a - b */
export function sub(a: Operand, b: Operand): Tensor {
  return apply("sub", a, b);
}

/** a · b */
export function mul(a: Operand, b: Operand): Tensor {
  return apply("mul", a, b);
}

/** a / b, in f32 */
export function div(a: Operand, b: Operand): Tensor {
  return combine([a, b], (x, y) => call("div", x!, y!), "f32");
}

/** -x */
export function neg(x: Tensor): Tensor {
  return apply("neg", x);
}

/** |x| */
export function abs(x: Tensor): Tensor {
  return apply("abs", x);
}

/** e^x */
export function exp(x: Tensor): Tensor {
  return real("exp", x);
}

/** Natural logarithm: -Infinity at 0, NaN below. */
export function log(x: Tensor): Tensor {
  return real("log", x);
}

/** √x, NaN below 0 */
export function sqrt(x: Tensor): Tensor {
  return real("sqrt", x);
}

/** 1/√x */
export function rsqrt(x: Tensor): Tensor {
  return real("rsqrt", x);
}

/** x² */
export function square(x: Tensor): Tensor {
  return mul(x, x);
}

/** Hyperbolic tangent. */
export function tanh(x: Tensor): Tensor {
  return real("tanh", x);
}

/** The Gauss error function. */
export function erf(x: Tensor): Tensor {
  return real("erf", x);
}

/** 1 / (1 + e^-x) */
export function sigmoid(x: Tensor): Tensor {
  return real("sigmoid", x);
}

/** Sine of radians. */
export function sin(x: Tensor): Tensor {
  return real("sin", x);
}

/** Cosine of radians. */
export function cos(x: Tensor): Tensor {
  return real("cos", x);
}

/** Largest integer that is not above x. */
export function floor(x: Tensor): Tensor {
  return apply("floor", x);
}

/** max(x, 0) */
export function relu(x: Tensor): Tensor {
  return pointwise([x], reluExpression);
}

/** x · sigmoid(x) */
export function silu(x: Tensor): Tensor {
  return pointwise([x], siluExpression);
}

/** x · Φ(x), exact */
export function gelu(x: Tensor): Tensor {
  return pointwise([x], geluExpression);
}

/** The tanh approximation of gelu. */
export function geluTanh(x: Tensor): Tensor {
  return pointwise([x], geluTanhExpression);
}

/** ln(1 + e^x), as (x + |x|)/2 + ln(1 + e^-|x|) so that nothing overflows */
export function softplus(x: Tensor): Tensor {
  return combine([x], (part) => {
    const magnitude = call("abs", part!);
    const tail = call("log", call("add", constant(1), call("exp", call("neg", magnitude))));
    return call("add", call("mul", constant(0.5), call("add", part!, magnitude)), tail);
  });
}

/** The larger of both; NaN if one is. */
export function maximum(a: Operand, b: Operand): Tensor {
  return apply("max", a, b);
}

/** The smaller of both; NaN if one is. */
export function minimum(a: Operand, b: Operand): Tensor {
  return apply("min", a, b);
}

/** x limited to [low, high], which have the slope 1 themselves */
export function clamp(x: Tensor, low: number, high: number): Tensor {
  return combine([x], (part) => call("min", constant(high), call("max", constant(low), part!)));
}

/** a where the condition is not 0, else b. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const chosen = [a, b].filter((operand): operand is Tensor => typeof operand !== "number");
  return combine(
    [condition, a, b],
    (c, x, y) => call("select", c!, x!, y!),
    chosen.length > 0 ? commonDtype(chosen) : "f32",
  );
}

const compare = (name: ScalarFunction, a: Operand, b: Operand): Tensor =>
  combine([a, b], (x, y) => call(name, x!, y!), "f32");

/** 1 where a < b, else 0; f32 */
export function less(a: Operand, b: Operand): Tensor {
  return compare("less", a, b);
}

/** 1 where a ≤ b, else 0; f32 */
export function lessEqual(a: Operand, b: Operand): Tensor {
  return compare("lessEqual", a, b);
}

/** 1 where a = b, else 0; f32 */
export function equal(a: Operand, b: Operand): Tensor {
  return compare("equal", a, b);
}

/** 1 where x is NaN, else 0; f32 */
// biome-ignore lint/suspicious/noShadowRestrictedNames: the name that every tensor library has
export function isNaN(x: Tensor): Tensor {
  return combine([x], (part) => call("isNaN", part!), "f32");
}

/** The same values as another dtype; to an integer dtype they are cut towards zero and limited to its range. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return pointwise([x], input(0), dtype);
}
