// Samples of `linear`: all transposes, sizes around tiles, epilogues, and the weight in each dense storage format.
import type { OpSample } from "../../op-def/op-def.ts";
import { bfloat16, float16 } from "../../type/dense-formats.ts";
import type { StorageFormat } from "../../type/storage-format.ts";
import { exactFloats, floats, type SampleInput } from "../sample-values.ts";
import type { Activation, LinearAttributes } from "./linear.ts";

interface Options extends Partial<LinearAttributes> {
  readonly format?: StorageFormat;
}

const plain: LinearAttributes = { transposeA: false, transposeB: false, bias: false, residual: false, activation: "" };

function product(m: number, k: number, n: number, { format, ...options }: Options = {}): OpSample<LinearAttributes> {
  const attributes = { ...plain, ...options };
  const flags = Object.entries({ ...options, format: format?.id }).flatMap(([name, value]) =>
    value ? [`${name} ${value}`] : [],
  );
  const name = [`${m}x${k}x${n}`, ...flags].join(", ");
  const inputs: SampleInput[] = [
    floats(`${name} a`, attributes.transposeA ? [k, m] : [m, k], -1, 1),
    floats(`${name} b`, attributes.transposeB ? [n, k] : [k, n], -1, 1, format),
  ];
  if (attributes.bias) inputs.push(floats(`${name} bias`, [n]));
  if (attributes.residual) inputs.push(floats(`${name} residual`, [m, n]));
  const small = m * n * k <= 600 && attributes.activation !== "relu";
  return {
    name,
    inputs,
    attributes,
    ...(small ? { differentiable: inputs.flatMap((_, index) => (index === 1 && format ? [] : [index])) } : {}),
  };
}

/** Integers up to 15, which f16 holds, with sums of some 30,000, which f32 holds and f16 does not: exact unless sums are kept in f16. */
function integerProduct(m: number, k: number, n: number): OpSample<LinearAttributes> {
  const integers = (count: number, step: number): number[] =>
    Array.from({ length: count }, (_, index) => (index * step + (index >> 4)) % 16);
  return {
    name: `${m}x${k}x${n}, integers`,
    inputs: [exactFloats([m, k], integers(m * k, 7)), exactFloats([n, k], integers(n * k, 11))],
    attributes: { ...plain, transposeB: true },
  };
}

const transposes: readonly Partial<LinearAttributes>[] = [
  {},
  { transposeB: true },
  { transposeA: true },
  { transposeA: true, transposeB: true },
];

/** See the file's header. */
export function linearSamples(): OpSample<LinearAttributes>[] {
  const weight = { transposeB: true };
  return [
    ...transposes.flatMap((options) => [
      product(3, 5, 7, options),
      product(17, 31, 13, options),
      product(65, 129, 33, options),
    ]),
    ...[1, 7, 8, 9, 15, 16, 17].flatMap((size) => [
      product(size, 19, 5, weight),
      product(5, size, 19, weight),
      product(19, 5, size, weight),
    ]),
    product(1, 300, 257, weight),
    product(130, 8, 70, weight),
    product(4, 517, 4, { transposeA: true }),
    integerProduct(1, 603, 9),
    integerProduct(6, 603, 9),
    product(0, 5, 3, weight),
    product(3, 0, 2, weight),
    product(3, 5, 0, weight),
    product(5, 6, 7, { ...weight, bias: true }),
    product(5, 6, 7, { ...weight, residual: true }),
    ...(["relu", "silu", "gelu", "geluTanh", "scale -1.5"] as const satisfies readonly Activation[]).map((activation) =>
      product(3, 4, 9, { ...weight, bias: true, residual: true, activation }),
    ),
    ...[bfloat16, float16].flatMap((format) => transposes.map((options) => product(5, 34, 18, { ...options, format }))),
    product(33, 66, 130, { ...weight, format: bfloat16, bias: true }),
    {
      name: "leading axes",
      inputs: [floats("x", [2, 3, 5]), floats("weight", [4, 5])],
      attributes: { ...plain, transposeB: true },
      differentiable: [0, 1],
    },
    {
      name: "NaN and Inf stay in their rows",
      inputs: [exactFloats([3, 2], [Number.NaN, 1, Infinity, 1, 1, 1]), exactFloats([2, 2], [1, 2, 3, 4])],
      attributes: { ...plain, transposeB: true },
    },
  ];
}
