// Stochastic gradient descent with momentum, in the order of torch.optim.SGD; Sutskever et al., ICML 2013.
//   g = gradient · scale + λ p;  b' = g at the first step, else μ b + (1 - τ) g;  d = g + μ b' (Nesterov) or b'
//   p' = p - η d;  without momentum (μ = 0) d = g and b stays
import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { defineOp, type OpDef, type OpSample } from "../../op-def/op-def.ts";
import { elementCount, tensorType } from "../../type/tensor-type.ts";
import { exactFloats, floats } from "../sample-values.ts";
import { expectOptimizerOperands, type Segment } from "./optimizer-operands.ts";

/** Which elements a step changes, and whether it looks ahead. */
export type SgdAttributes = { readonly segments: readonly Segment[]; readonly nesterov: boolean };

/**
 * Inputs parameters, gradient and momentum buffer b, each [N]; hyper [groups, 8] = (η, μ, τ, λ, 1 at the first step, 0, 0,
 * scale); apply [1]. Outputs the new parameters and b; both unchanged where apply is 0.
 */
export const sgdOp: OpDef<SgdAttributes> = defineOp<SgdAttributes>({
  id: "sgd",
  infer([parameters, gradient, momentum, hyper, apply], { segments }) {
    expectOptimizerOperands("sgd", [parameters!, gradient!, momentum!], hyper!, apply!, segments);
    return [parameters!, momentum!].map((type) => tensorType(type.shape));
  },
  reference([parameters, gradient, momentum, hyper, apply], { attributes: { segments, nesterov } }) {
    const [p, b] = [parameters!.slice(), momentum!.slice()];
    if (apply![0] === 0) return [p, b];
    for (const [start, length, group] of segments) {
      const [rate, mu, tau, decay, first, , , scale] = hyper!.subarray(group * 8, group * 8 + 8) as unknown as number[];
      for (let index = start; index < start + length; index++) {
        const g = gradient![index]! * scale! + decay! * p[index]!;
        let direction = g;
        if (mu !== 0) {
          b[index] = first! !== 0 ? g : mu! * b[index]! + (1 - tau!) * g;
          direction = nesterov ? g + mu! * b[index]! : b[index]!;
        }
        p[index] = p[index]! - rate! * direction;
      }
    }
    return [p, b];
  },
  accumulation: () => 6,
  cost: ([parameters]) => ({ flops: 8 * elementCount(parameters!.shape) }),
  inPlace: [
    { input: 0, output: 0 },
    { input: 2, output: 1 },
  ],
  samples: () => [
    sgdSample("plain", [0.1, 0, 0, 0, 0], false),
    sgdSample("weight decay", [0.1, 0, 0, 0.05, 0], false),
    sgdSample("momentum", [0.1, 0.9, 0, 0.01, 0], false),
    sgdSample("momentum at the first step", [0.1, 0.9, 0.3, 0, 1], false),
    sgdSample("dampening", [0.1, 0.9, 0.3, 0, 0], false),
    sgdSample("nesterov", [0.1, 0.9, 0, 0, 0], true),
    sgdSample("scaled gradient", [0.1, 0.9, 0, 0, 0, 0, 0, 0.25], true),
    sgdSample("not applied", [0.1, 0.9, 0, 0, 0], true, 0),
  ],
});

function sgdSample(name: string, hyper: readonly number[], nesterov: boolean, apply = 1): OpSample<SgdAttributes> {
  const row = Array.from({ length: 8 }, (_, column) => Math.fround(hyper[column] ?? (column === 7 ? 1 : 0)));
  const other = [0.02, 0.5, 0, 0, 0, 0, 0, 1].map(Math.fround);
  return {
    name,
    inputs: [
      floats(`${name} p`, [67]),
      floats(`${name} g`, [67]),
      floats(`${name} b`, [67]),
      exactFloats([2, 8], [...row, ...other]),
      exactFloats([1], [apply]),
    ],
    attributes: {
      nesterov,
      segments: [
        [0, 31, 0],
        [35, 32, 1],
      ],
    },
  };
}

/** What an SGD step reads; see {@link sgdOp}. */
export interface SgdOperands {
  readonly parameters: Tensor;
  readonly gradient: Tensor;
  readonly momentum: Tensor;
  readonly hyper: Tensor;
  readonly apply: Tensor;
}

/**
 * One step of gradient descent over flat buffers [N]; as values of State updates, both are written in place.
 *
 * @returns the new parameters and momentum buffer
 * @throws AttuneError `SHAPE_MISMATCH` for buffers of different sizes or segments that overlap
 */
export function sgd(
  { parameters, gradient, momentum, hyper, apply }: SgdOperands,
  attributes: SgdAttributes,
): readonly [parameters: Tensor, momentum: Tensor] {
  const [p, b] = applyOp(sgdOp, [parameters, gradient, momentum, hyper, apply], attributes);
  return [p!, b!];
}
