// AdamW: Loshchilov and Hutter, arXiv 1711.05101, in the order of torch.optim.AdamW.
//   g = gradient · scale;  m' = β1 m + (1 - β1) g;  v' = β2 v + (1 - β2) g²
//   p' = p - η λ p - (η / c1) · m' / (√(v' / c2) + ε), with c1 = 1 - β1^t and c2 = 1 - β2^t after t applied steps
import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { defineOp, type OpDef, type OpSample } from "../../op-def/op-def.ts";
import { elementCount, tensorType } from "../../type/tensor-type.ts";
import { exactFloats, floats } from "../sample-values.ts";
import { expectOptimizerOperands, type Segment } from "./optimizer-operands.ts";

/** Which elements an AdamW step changes. */
export type AdamwAttributes = { readonly segments: readonly Segment[] };

/**
 * Inputs parameters, gradient, m and v, each [N]; hyper [groups, 8] = (η, β1, β2, ε, λ, c1, c2, scale); apply [1].
 * Outputs the new parameters, m and v; all unchanged where apply is 0.
 */
export const adamwOp: OpDef<AdamwAttributes> = defineOp<AdamwAttributes>({
  id: "adamw",
  infer([parameters, gradient, first, second, hyper, apply], { segments }) {
    expectOptimizerOperands("adamw", [parameters!, gradient!, first!, second!], hyper!, apply!, segments);
    return [parameters!, first!, second!].map((type) => tensorType(type.shape));
  },
  reference([parameters, gradient, first, second, hyper, apply], { attributes }) {
    const [p, m, v] = [parameters!.slice(), first!.slice(), second!.slice()];
    if (apply![0] === 0) return [p, m, v];
    for (const [start, length, group] of attributes.segments) {
      const [rate, beta1, beta2, epsilon, decay, c1, c2, scale] = hyper!.subarray(
        group * 8,
        group * 8 + 8,
      ) as unknown as number[];
      for (let index = start; index < start + length; index++) {
        const g = gradient![index]! * scale!;
        m[index] = beta1! * m[index]! + (1 - beta1!) * g;
        v[index] = beta2! * v[index]! + (1 - beta2!) * g * g;
        const step = m[index]! / c1! / (Math.sqrt(v[index]! / c2!) + epsilon!);
        p[index] = p[index]! * (1 - rate! * decay!) - rate! * step;
      }
    }
    return [p, m, v];
  },
  accumulation: () => 8,
  cost: ([parameters]) => ({ flops: 14 * elementCount(parameters!.shape) }),
  inPlace: [
    { input: 0, output: 0 },
    { input: 2, output: 1 },
    { input: 3, output: 2 },
  ],
  samples: () => adamwSamples(),
});

const groups = [
  [0.01, 0.9, 0.999, 1e-8, 0.01, 0.1, 0.001, 1],
  [0.05, 0.8, 0.95, 1e-6, 0, 0.488, 0.142625, 0.25],
].map((row) => row.map(Math.fround));

function adamwSamples(): OpSample<AdamwAttributes>[] {
  const sample = (
    name: string,
    size: number,
    segments: readonly Segment[],
    apply = 1,
    gradient = floats(`${name} g`, [size]),
  ): OpSample<AdamwAttributes> => ({
    name,
    inputs: [
      floats(`${name} p`, [size]),
      gradient,
      floats(`${name} m`, [size], -0.5, 0.5),
      floats(`${name} v`, [size], 0.01, 0.5),
      exactFloats([2, 8], groups.flat()),
      exactFloats([1], [apply]),
    ],
    attributes: { segments },
  });
  return [
    sample("one group", 19, [[0, 19, 0]]),
    sample("two groups", 67, [
      [0, 33, 1],
      [33, 34, 0],
    ]),
    sample("a gap keeps its values", 40, [
      [3, 5, 0],
      [17, 20, 1],
    ]),
    sample("not applied", 19, [[0, 19, 0]], 0),
    sample("Inf and NaN are not applied", 3, [[0, 3, 0]], 0, exactFloats([3], [Infinity, Number.NaN, 1])),
    sample("several tiles", 20011, [[0, 20011, 0]]),
    sample("one element", 1, [[0, 1, 1]]),
    sample("no elements", 0, []),
  ];
}

/** What an AdamW step reads; see {@link adamwOp}. */
export interface AdamwOperands {
  readonly parameters: Tensor;
  readonly gradient: Tensor;
  readonly firstMoment: Tensor;
  readonly secondMoment: Tensor;
  readonly hyper: Tensor;
  readonly apply: Tensor;
}

/**
 * One AdamW step over flat buffers [N]; as values of State updates, all three are written in place.
 *
 * @returns the new parameters, first and second moments
 * @throws AttuneError `SHAPE_MISMATCH` for buffers of different sizes or segments that overlap
 */
export function adamw(
  { parameters, gradient, firstMoment, secondMoment, hyper, apply }: AdamwOperands,
  { segments }: AdamwAttributes,
): readonly [parameters: Tensor, firstMoment: Tensor, secondMoment: Tensor] {
  const [p, m, v] = applyOp(adamwOp, [parameters, gradient, firstMoment, secondMoment, hyper, apply], { segments });
  return [p!, m!, v!];
}
