// Samples of the pointwise op: every scalar function, every broadcast shape, several outputs, each dtype.
import type { OpSample } from "../../op-def/op-def.ts";
import { call, constant, input, type ScalarExpression, type ScalarFunction } from "../../op-def/scalar-expression.ts";
import { exactFloats, exactIntegers, floats, integers, type SampleInput } from "../sample-values.ts";
import { activationExpressions } from "./activations.ts";
import type { PointwiseAttributes } from "./pointwise.ts";

type Sample = OpSample<PointwiseAttributes>;

const [x, y] = [input(0), input(1)];
const special = [Number.NaN, Infinity, -Infinity, 0, -0, 1e38, -1e38, 1e-38];

/** Functions of one argument, with an interval on which they are smooth. */
const unary: readonly (readonly [ScalarFunction, number, number])[] = [
  ["neg", -3, 3],
  ["abs", 0.1, 3],
  ["exp", -9, 9],
  ["log", 0.05, 9],
  ["sqrt", 0.05, 9],
  ["rsqrt", 0.05, 9],
  ["tanh", -5, 5],
  ["erf", -4, 4],
  ["sigmoid", -9, 9],
  ["sin", -6, 6],
  ["cos", -6, 6],
];

const binary: readonly ScalarFunction[] = ["add", "sub", "mul", "max", "min"];

const one = (expression: ScalarExpression): PointwiseAttributes => ({ expressions: [expression], dtypes: ["f32"] });

function smooth(name: string, expression: ScalarExpression, inputs: readonly SampleInput[]): Sample {
  return { name, inputs, attributes: one(expression), differentiable: inputs.map((_, index) => index) };
}

function exact(name: string, expression: ScalarExpression, inputs: readonly SampleInput[]): Sample {
  return { name, inputs, attributes: one(expression) };
}

/** See the file's header. */
export function pointwiseSamples(): Sample[] {
  return [...functionSamples(), ...broadcastSamples(), ...exactSamples(), ...dtypeSamples()];
}

/** Scalar functions where they are smooth, alone and in expressions. */
function functionSamples(): Sample[] {
  return [
    ...unary.map(([name, low, high]) => smooth(name, call(name, x), [floats(name, [3, 7], low, high)])),
    ...Object.entries(activationExpressions).map(([name, expression]) =>
      smooth(name, expression, [floats(name, [67], -5, 5)]),
    ),
    ...binary.map((name) => smooth(name, call(name, x, y), [floats(`${name} x`, [2, 9]), floats(`${name} y`, [2, 9])])),
    smooth("div", call("div", x, y), [floats("div x", [11]), floats("div y", [11], 0.5, 3)]),
    smooth("constant", call("add", call("mul", x, constant(2.5)), constant(-1)), [floats("constant", [65])]),
    smooth("gated", call("mul", call("mul", x, call("sigmoid", x)), y), [
      floats("gate", [3, 31]),
      floats("up", [3, 31]),
    ]),
    {
      name: "select",
      inputs: [
        floats("select x", [20]),
        exactFloats(
          [20],
          Array.from({ length: 20 }, (_, index) => (index % 3) - 1),
        ),
      ],
      attributes: one(call("select", call("less", constant(0), y), x, call("mul", x, constant(3)))),
      differentiable: [0],
    },
  ];
}

function broadcastSamples(): Sample[] {
  return [
    smooth("row against matrix", call("mul", x, y), [floats("row x", [5, 7]), floats("row y", [7])]),
    smooth("column against matrix", call("add", x, y), [floats("column x", [5, 7]), floats("column y", [5, 1])]),
    smooth("outer product", call("mul", x, y), [floats("outer x", [5, 1]), floats("outer y", [1, 6])]),
    smooth("inner axis repeated", call("mul", x, y), [floats("inner x", [2, 3, 4]), floats("inner y", [2, 1, 4])]),
    smooth("scalar", call("mul", x, y), [floats("scalar x", [33]), floats("scalar y", [1])]),
  ];
}

/** Functions with steps, and special values. */
function exactSamples(): Sample[] {
  const steps = floats("steps", [19], -3, 3);
  return [
    exact("floor", call("floor", x), [steps]),
    exact("less", call("less", x, constant(0.5)), [steps]),
    exact("lessEqual", call("lessEqual", x, y), [
      exactFloats([4], [1, 2, 3, Number.NaN]),
      exactFloats([4], [1, 1, 4, 1]),
    ]),
    exact("equal", call("equal", x, y), [
      exactFloats([4], [1, 2, 3, Number.NaN]),
      exactFloats([4], [1, 1, 3, Number.NaN]),
    ]),
    exact("isNaN", call("isNaN", x), [exactFloats([8], special)]),
    exact("no elements", call("exp", x), [floats("none", [0, 3])]),
    exact("one element", call("exp", x), [floats("single", [1])]),
    ...(["add", "mul", "max", "min", "neg", "abs", "exp", "sqrt", "tanh", "sigmoid"] as const).map((name) =>
      exact(`${name} of NaN and Inf`, binary.includes(name) ? call(name, x, constant(0.5)) : call(name, x), [
        exactFloats([8], special),
      ]),
    ),
  ];
}

/** Several outputs, and dtypes other than that of the inputs. */
function dtypeSamples(): Sample[] {
  return [
    {
      name: "two outputs",
      inputs: [floats("two x", [4, 9]), floats("two y", [4, 9])],
      attributes: { expressions: [call("mul", x, y), call("add", x, y)], dtypes: ["f32", "f32"] },
      differentiable: [0, 1],
    },
    {
      name: "integers",
      inputs: [integers("left", [3, 5], -50, 50), integers("right", [5], -50, 50)],
      attributes: { expressions: [call("add", call("mul", x, constant(3)), y)], dtypes: ["i32"] },
    },
    {
      name: "integers to floats",
      inputs: [exactIntegers([5], [-3, -1, 0, 2, 16777216])],
      attributes: { expressions: [call("mul", x, constant(0.5))], dtypes: ["f32"] },
    },
    {
      name: "floats to integers",
      inputs: [exactFloats([6], [-2.9, -0.5, 0, 0.5, 2.9, 1e6])],
      attributes: { expressions: [x], dtypes: ["i32"] },
    },
  ];
}
