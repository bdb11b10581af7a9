// Code for scalar expressions, four elements at a time. Equal subexpressions are computed once.
import type { IntegerFunction, ScalarExpression, ScalarFunction } from "@attune/tensor-core";
import { type FunctionBuilder, f32x4, i32x4, type Value, v128 } from "@attune/tensor-core/wasm";
import { vectorCos, vectorErf, vectorExp, vectorLog, vectorSigmoid, vectorSin, vectorTanh } from "./vector-math.ts";

type Vector = Value<"v128">;
type Emitter = (f: FunctionBuilder, ...operands: Vector[]) => Vector;

const truth = (f: FunctionBuilder, mask: Vector): Vector => v128.and(mask, f.hoisted(f32x4.constant(1)));

/** Each function on f32 lanes, as `scalarFunctions` of tensor-core defines it. */
const floatFunctions: Readonly<Record<ScalarFunction, Emitter>> = {
  add: (_, a, b) => f32x4.add(a!, b!),
  sub: (_, a, b) => f32x4.sub(a!, b!),
  mul: (_, a, b) => f32x4.mul(a!, b!),
  div: (_, a, b) => f32x4.div(a!, b!),
  neg: (_, a) => f32x4.neg(a!),
  abs: (_, a) => f32x4.abs(a!),
  max: (_, a, b) => f32x4.max(a!, b!),
  min: (_, a, b) => f32x4.min(a!, b!),
  exp: (f, a) => vectorExp(f, a!),
  log: (f, a) => vectorLog(f, a!),
  sqrt: (_, a) => f32x4.sqrt(a!),
  rsqrt: (f, a) => f32x4.div(f.hoisted(f32x4.constant(1)), f32x4.sqrt(a!)),
  tanh: (f, a) => vectorTanh(f, a!),
  erf: (f, a) => vectorErf(f, a!),
  sigmoid: (f, a) => vectorSigmoid(f, a!),
  floor: (_, a) => f32x4.floor(a!),
  sin: (f, a) => vectorSin(f, a!),
  cos: (f, a) => vectorCos(f, a!),
  less: (f, a, b) => truth(f, f32x4.lt(a!, b!)),
  lessEqual: (f, a, b) => truth(f, f32x4.le(a!, b!)),
  equal: (f, a, b) => truth(f, f32x4.eq(a!, b!)),
  isNaN: (f, a) => truth(f, f32x4.ne(a!, a!)),
  select: (f, c, a, b) => v128.bitselect(a!, b!, f32x4.ne(c!, f.hoisted(f32x4.constant(0)))),
};

const integerTruth = (f: FunctionBuilder, mask: Vector): Vector => v128.and(mask, f.hoisted(i32x4.constant(1)));

/** Each integer function on i32 lanes. */
const integerFunctions: Readonly<Record<IntegerFunction, Emitter>> = {
  add: (_, a, b) => i32x4.add(a!, b!),
  sub: (_, a, b) => i32x4.sub(a!, b!),
  mul: (_, a, b) => i32x4.mul(a!, b!),
  neg: (_, a) => i32x4.neg(a!),
  abs: (_, a) => i32x4.abs(a!),
  max: (_, a, b) => i32x4.maxS(a!, b!),
  min: (_, a, b) => i32x4.minS(a!, b!),
  floor: (_, a) => a!,
  less: (f, a, b) => integerTruth(f, i32x4.ltS(a!, b!)),
  lessEqual: (f, a, b) => integerTruth(f, i32x4.leS(a!, b!)),
  equal: (f, a, b) => integerTruth(f, i32x4.eq(a!, b!)),
  select: (f, c, a, b) => v128.bitselect(a!, b!, i32x4.ne(c!, f.hoisted(i32x4.constant(0)))),
};

/** Emits expressions over vectors; one evaluator serves one place in the code. */
export function createEvaluator(
  f: FunctionBuilder,
  integer: boolean,
  inputOf: (index: number) => Vector,
): (expression: ScalarExpression) => Vector {
  const known = new Map<string, Vector>();
  const lanes = integer ? i32x4 : f32x4;
  const functions: Partial<Record<ScalarFunction, Emitter>> = integer ? integerFunctions : floatFunctions;
  const evaluate = (expression: ScalarExpression): { key: string; value: Vector } => {
    if (expression.kind === "constant")
      return { key: `c${expression.value}`, value: f.hoisted(lanes.constant(expression.value)) };
    if (expression.kind === "input") return remember(`i${expression.index}`, () => inputOf(expression.index));
    const parts = expression.arguments.map(evaluate);
    const emit = functions[expression.name]!;
    return remember(`${expression.name}(${parts.map((part) => part.key).join()})`, () =>
      emit(f, ...parts.map((part) => part.value)),
    );
  };
  const names = new Map<string, string>();
  const remember = (text: string, make: () => Vector): { key: string; value: Vector } => {
    // A short name for each distinct expression keeps keys of deep trees short.
    const key = names.get(text) ?? `e${names.size}`;
    names.set(text, key);
    if (!known.has(key)) known.set(key, f.keep(make()));
    return { key, value: known.get(key)! };
  };
  return (expression) => evaluate(expression).value;
}
