// Scalar expressions: what a pointwise op computes for one element. Both backends generate and fuse code from them, the
// reference evaluates them in float64, and the gradient is their symbolic derivative.

/** Functions of one element. Comparisons give 1 or 0; `select(c, a, b)` is a where c is not 0. */
export type ScalarFunction =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "neg"
  | "abs"
  | "max"
  | "min"
  | "exp"
  | "log"
  | "sqrt"
  | "rsqrt"
  | "tanh"
  | "erf"
  | "sigmoid"
  | "floor"
  | "sin"
  | "cos"
  | "less"
  | "lessEqual"
  | "equal"
  | "isNaN"
  | "select";

/** One element's value, from the elements of the inputs at the same (broadcast) place. */
export type ScalarExpression =
  | { readonly kind: "input"; readonly index: number }
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "call"; readonly name: ScalarFunction; readonly arguments: readonly ScalarExpression[] };

/** The element of input `index`. */
export function input(index: number): ScalarExpression {
  return { kind: "input", index };
}

/** A number. */
export function constant(value: number): ScalarExpression {
  return { kind: "constant", value };
}

/** Applies a function, folding the cases that a derivative is full of: x·0, x·1, x+0 and functions of constants. */
export function call(name: ScalarFunction, ...parts: readonly ScalarExpression[]): ScalarExpression {
  const values = parts.map((part) => (part.kind === "constant" ? part.value : undefined));
  if (parts.length > 0 && values.every((value) => value !== undefined)) {
    return constant(scalarFunctions[name](...(values as number[])));
  }
  const [left, right] = parts;
  if (name === "mul") {
    if (values[0] === 0 || values[1] === 0) return constant(0);
    if (values[0] === 1) return right!;
    if (values[1] === 1) return left!;
  }
  if (name === "add") {
    if (values[0] === 0) return right!;
    if (values[1] === 0) return left!;
  }
  if (name === "sub" && values[1] === 0) return left!;
  if (name === "div" && values[1] === 1) return left!;
  if (name === "select" && values[0] !== undefined) return values[0] ? parts[1]! : parts[2]!;
  return { kind: "call", name, arguments: parts };
}

/** The float64 meaning of each function. */
export const scalarFunctions: Readonly<Record<ScalarFunction, (...values: number[]) => number>> = {
  add: (a, b) => a! + b!,
  sub: (a, b) => a! - b!,
  mul: (a, b) => a! * b!,
  div: (a, b) => a! / b!,
  neg: (a) => -a!,
  abs: (a) => Math.abs(a!),
  max: (a, b) => Math.max(a!, b!),
  min: (a, b) => Math.min(a!, b!),
  exp: (a) => Math.exp(a!),
  log: (a) => Math.log(a!),
  sqrt: (a) => Math.sqrt(a!),
  rsqrt: (a) => 1 / Math.sqrt(a!),
  tanh: (a) => Math.tanh(a!),
  erf: (a) => errorFunction(a!),
  sigmoid: (a) => 1 / (1 + Math.exp(-a!)),
  floor: (a) => Math.floor(a!),
  sin: (a) => Math.sin(a!),
  cos: (a) => Math.cos(a!),
  less: (a, b) => (a! < b! ? 1 : 0),
  lessEqual: (a, b) => (a! <= b! ? 1 : 0),
  equal: (a, b) => (a! === b! ? 1 : 0),
  isNaN: (a) => (Number.isNaN(a!) ? 1 : 0),
  select: (c, a, b) => (c! !== 0 ? a! : b!),
};

const integerFunctions = [
  "add",
  "sub",
  "mul",
  "neg",
  "abs",
  "max",
  "min",
  "floor",
  "less",
  "lessEqual",
  "equal",
  "select",
] as const;

/** Functions that stay exact on integers. */
export type IntegerFunction = (typeof integerFunctions)[number];

/** Whether an expression can be computed on 32-bit integers alone. */
export function isIntegerExpression(expression: ScalarExpression): boolean {
  if (expression.kind === "input") return true;
  if (expression.kind === "constant") return Number.isInteger(expression.value) && Math.abs(expression.value) < 2 ** 31;
  return (
    (integerFunctions as readonly ScalarFunction[]).includes(expression.name) &&
    expression.arguments.every(isIntegerExpression)
  );
}

/**
 * erf to about 1e-15: its Maclaurin series up to |x| = 3, then the continued fraction of erfc.
 * Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.6 and 7.1.14.
 */
function errorFunction(x: number): number {
  const magnitude = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (magnitude > 6) return Math.sign(x);
  if (magnitude <= 3) {
    let term = magnitude;
    let sum = magnitude;
    for (let n = 1; Math.abs(term) > 1e-17 * sum; n++) {
      term *= (2 * magnitude * magnitude) / (2 * n + 1);
      sum += term;
    }
    return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-magnitude * magnitude) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (magnitude + fraction);
  return Math.sign(x) * (1 - Math.exp(-magnitude * magnitude) / Math.sqrt(Math.PI) / (magnitude + fraction));
}

/** Value of an expression for one element's inputs, in float64. */
export function evaluateExpression(expression: ScalarExpression, inputs: readonly number[]): number {
  switch (expression.kind) {
    case "input":
      return inputs[expression.index]!;
    case "constant":
      return expression.value;
    case "call":
      return scalarFunctions[expression.name](...expression.arguments.map((part) => evaluateExpression(part, inputs)));
  }
}

/** Replaces each input by an expression. */
export function substitute(expression: ScalarExpression, replacements: readonly ScalarExpression[]): ScalarExpression {
  if (expression.kind === "input") return replacements[expression.index]!;
  if (expression.kind === "constant") return expression;
  return call(expression.name, ...expression.arguments.map((part) => substitute(part, replacements)));
}

/** Number of function applications, each counted once where shared by reference. */
export function expressionSize(expression: ScalarExpression, seen: Set<ScalarExpression> = new Set()): number {
  if (expression.kind !== "call" || seen.has(expression)) return 0;
  seen.add(expression);
  return expression.arguments.reduce((sum, part) => sum + expressionSize(part, seen), 1);
}

const one = constant(1);
const twoOverRootPi = constant(2 / Math.sqrt(Math.PI));

/**
 * Partial derivatives of each function with respect to its arguments; `self` is the function's own value. Of equal arguments
 * of max and min the second counts, so that relu, max(x, 0), has the slope 0 at 0 as in PyTorch.
 */
const derivatives: Readonly<
  Record<ScalarFunction, (args: readonly ScalarExpression[], self: ScalarExpression) => readonly ScalarExpression[]>
> = {
  add: () => [one, one],
  sub: () => [one, constant(-1)],
  mul: ([a, b]) => [b!, a!],
  div: ([, b], self) => [call("div", one, b!), call("neg", call("div", self, b!))],
  neg: () => [constant(-1)],
  abs: ([a]) => [call("sub", call("less", constant(0), a!), call("less", a!, constant(0)))],
  max: ([a, b]) => [call("less", b!, a!), call("lessEqual", a!, b!)],
  min: ([a, b]) => [call("less", a!, b!), call("lessEqual", b!, a!)],
  exp: (_, self) => [self],
  log: ([a]) => [call("div", one, a!)],
  sqrt: (_, self) => [call("div", constant(0.5), self)],
  rsqrt: (_, self) => [call("mul", constant(-0.5), call("mul", self, call("mul", self, self)))],
  tanh: (_, self) => [call("sub", one, call("mul", self, self))],
  erf: ([a]) => [call("mul", twoOverRootPi, call("exp", call("neg", call("mul", a!, a!))))],
  sigmoid: (_, self) => [call("mul", self, call("sub", one, self))],
  floor: () => [constant(0)],
  sin: ([a]) => [call("cos", a!)],
  cos: ([a]) => [call("neg", call("sin", a!))],
  less: () => [constant(0), constant(0)],
  lessEqual: () => [constant(0), constant(0)],
  equal: () => [constant(0), constant(0)],
  isNaN: () => [constant(0)],
  select: ([c]) => [constant(0), call("select", c!, one, constant(0)), call("select", c!, constant(0), one)],
};

/** Symbolic derivative with respect to input `index`. */
export function differentiate(expression: ScalarExpression, index: number): ScalarExpression {
  if (expression.kind === "input") return constant(expression.index === index ? 1 : 0);
  if (expression.kind === "constant") return constant(0);
  const partials = derivatives[expression.name](expression.arguments, expression);
  return expression.arguments.reduce<ScalarExpression>((sum, part, position) => {
    const inner = differentiate(part, index);
    if (inner.kind === "constant" && inner.value === 0) return sum;
    return call("add", sum, call("mul", partials[position]!, inner));
  }, constant(0));
}
