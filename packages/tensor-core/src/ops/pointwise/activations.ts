// The activations that a linear product can apply in its epilogue, as scalar expressions of input 0.
import { call, constant, input, type ScalarExpression } from "../../op-def/scalar-expression.ts";

const x = input(0);

/** relu(x) = max(x, 0) */
export const reluExpression: ScalarExpression = call("max", x, constant(0));

/** silu(x) = x · sigmoid(x); Elfwing et al., arXiv 1702.03118. */
export const siluExpression: ScalarExpression = call("mul", x, call("sigmoid", x));

/** gelu(x) = x/2 · (1 + erf(x/√2)); Hendrycks and Gimpel, arXiv 1606.08415. */
export const geluExpression: ScalarExpression = call(
  "mul",
  call("mul", constant(0.5), x),
  call("add", constant(1), call("erf", call("mul", constant(Math.SQRT1_2), x))),
);

/** The tanh approximation of gelu, as in GPT-2: x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))). */
export const geluTanhExpression: ScalarExpression = call(
  "mul",
  call("mul", constant(0.5), x),
  call(
    "add",
    constant(1),
    call(
      "tanh",
      call(
        "mul",
        constant(Math.sqrt(2 / Math.PI)),
        call("add", x, call("mul", constant(0.044715), call("mul", x, call("mul", x, x)))),
      ),
    ),
  ),
);

/** A product times a constant, in front of which the id of the activation has this. */
const scalePrefix = "scale ";

/** The id of a multiplication by a constant. */
export function scaleActivation(factor: number): `scale ${number}` {
  return `${scalePrefix}${factor}`;
}

/** What an activation's id computes, undefined for "" and for one that is none. */
export function activationExpression(id: string): ScalarExpression | undefined {
  if (!id.startsWith(scalePrefix)) return activationExpressions[id];
  return call("mul", x, constant(Number(id.slice(scalePrefix.length))));
}

/** Activations with names, by the id that `linear`'s attribute gives. */
export const activationExpressions: Readonly<Record<string, ScalarExpression>> = {
  relu: reluExpression,
  silu: siluExpression,
  gelu: geluExpression,
  geluTanh: geluTanhExpression,
};
