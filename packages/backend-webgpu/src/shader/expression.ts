// WGSL for scalar expressions, from the same definitions as the CPU's code. Equal subexpressions are computed once.
import type { DType, IntegerFunction, ScalarExpression, ScalarFunction } from "@attune/tensor-core";
import { floatLiteral, integerLiteral } from "./literal.ts";

type Template = (...operands: string[]) => string;

const truth = (condition: string): string => `select(0f, 1f, ${condition})`;

/** Each function on f32, as `scalarFunctions` of tensor-core defines it; `elementary.wgsl` has the ones that are called by name. */
const floatFunctions: Readonly<Record<ScalarFunction, Template>> = {
  add: (a, b) => `${a} + ${b}`,
  sub: (a, b) => `${a} - ${b}`,
  mul: (a, b) => `${a} * ${b}`,
  div: (a, b) => `${a} / ${b}`,
  neg: (a) => `-${a}`,
  abs: (a) => `abs(${a})`,
  max: (a, b) => `larger(${a}, ${b})`,
  min: (a, b) => `smaller(${a}, ${b})`,
  exp: (a) => `exp_of(${a})`,
  log: (a) => `log_of(${a})`,
  sqrt: (a) => `sqrt_of(${a})`,
  rsqrt: (a) => `rsqrt_of(${a})`,
  tanh: (a) => `tanh_of(${a})`,
  erf: (a) => `erf_of(${a})`,
  sigmoid: (a) => `sigmoid_of(${a})`,
  floor: (a) => `floor(${a})`,
  sin: (a) => `quarter_wave(${a}, 0i)`,
  cos: (a) => `quarter_wave(${a}, 1i)`,
  less: (a, b) => truth(`${a} < ${b}`),
  lessEqual: (a, b) => truth(`${a} <= ${b}`),
  equal: (a, b) => truth(`${a} == ${b}`),
  isNaN: (a) => truth(`is_nan(${a})`),
  select: (c, a, b) => `select(${b}, ${a}, ${c} != 0f)`,
};

const integerTruth = (condition: string): string => `select(0i, 1i, ${condition})`;

/** Each integer function on i32. */
const integerFunctions: Readonly<Record<IntegerFunction, Template>> = {
  add: floatFunctions.add,
  sub: floatFunctions.sub,
  mul: floatFunctions.mul,
  neg: floatFunctions.neg,
  abs: floatFunctions.abs,
  max: (a, b) => `max(${a}, ${b})`,
  min: (a, b) => `min(${a}, ${b})`,
  floor: (a) => a,
  less: (a, b) => integerTruth(`${a} < ${b}`),
  lessEqual: (a, b) => integerTruth(`${a} <= ${b}`),
  equal: (a, b) => integerTruth(`${a} == ${b}`),
  select: (c, a, b) => `select(${b}, ${a}, ${c} != 0i)`,
};

/** Statements that compute expressions, and the name or literal of each result. */
export interface ExpressionCode {
  readonly statements: readonly string[];
  readonly results: readonly string[];
}

/**
 * WGSL for expressions over named inputs.
 *
 * @param inputs - text of each input's value, f32, or i32 if `integer`
 * @param integer - computes in i32 instead of f32
 */
export function expressionCode(
  expressions: readonly ScalarExpression[],
  inputs: readonly string[],
  integer = false,
): ExpressionCode {
  const statements: string[] = [];
  const names = new Map<string, string>();
  const functions: Partial<Record<ScalarFunction, Template>> = integer ? integerFunctions : floatFunctions;
  const emit = (expression: ScalarExpression): string => {
    if (expression.kind === "constant")
      return integer ? integerLiteral(expression.value) : floatLiteral(expression.value);
    if (expression.kind === "input") return inputs[expression.index]!;
    const template = functions[expression.name]!;
    const text = template(...expression.arguments.map(emit));
    const known = names.get(text);
    if (known !== undefined) return known;
    const name = `e${names.size}`;
    names.set(text, name);
    statements.push(`let ${name} = ${text};`);
    return name;
  };
  return { results: expressions.map(emit), statements };
}

/** WGSL function of one f32, `fn name(x: f32) -> f32`; the file that uses it imports `elementary`. */
export function unaryFunction(name: string, expression: ScalarExpression): string {
  const { statements, results } = expressionCode([expression], ["x"]);
  return `fn ${name}(x: f32) -> f32 {\n  ${[...statements, `return ${results[0]};`].join("\n  ")}\n}\n`;
}

/** Text that turns an f32 value into a dtype. */
export function converted(value: string, dtype: DType): string {
  return dtype === "f32" ? value : `to_${dtype}(${value})`;
}
