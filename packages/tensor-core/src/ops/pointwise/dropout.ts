// y = x / (1 - rate) where kept, else 0; Srivastava et al., JMLR 15 (2014). Element i is kept if its random word is at least
// rate · 2^32. The word is number i mod 4 of Philox4x32-10 under the key (random[0], hash of the stream's name) at the
// counter (⌊i / 4⌋, random[1], random[2], random[3]), so the backward pass draws the same words instead of keeping a mask.
import { AttuneError } from "@attune/spec";
import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { traceOf } from "../../graph/trace.ts";
import { defineOp, type OpDef } from "../../op-def/op-def.ts";
import { elementCount, tensorType } from "../../type/tensor-type.ts";
import { expectDtype, expectShape } from "../checks.ts";
import { hashStream, philox4x32 } from "../philox.ts";
import { exactWords, floats } from "../sample-values.ts";

/** Share and random stream of dropout. */
export type DropoutAttributes = {
  /** Share of elements set to 0, at least 0 and below 1. */
  readonly rate: number;
  /** Names the random stream. */
  readonly stream: string;
};

/** Inputs x and random u32 [4] = (seed, attempted step, micro-batch, 0); output as x. */
export const dropoutOp: OpDef<DropoutAttributes> = defineOp<DropoutAttributes>({
  id: "dropout",
  infer([x, random], { rate }) {
    if (!(rate >= 0 && rate < 1)) {
      throw new AttuneError("OPTIONS_INVALID", `Op "dropout": expected a rate of at least 0 and below 1, got ${rate}.`);
    }
    expectDtype("dropout", "random", random!, "u32");
    expectShape("dropout", "random", random!, [4]);
    return [tensorType(x!.shape)];
  },
  vjp({ inputs: [, random], cotangents, attributes }) {
    return [applyOp(dropoutOp, [cotangents[0]!, random!], attributes)[0], undefined];
  },
  reference([x, random], { attributes: { rate, stream } }) {
    const [seed, step, microBatch, last] = random as unknown as [number, number, number, number];
    const key = [seed, hashStream(stream)] as const;
    const threshold = dropoutThreshold(rate);
    const y = new Float64Array(x!.length);
    for (let first = 0; first < y.length; first += 4) {
      const words = philox4x32([first / 4, step, microBatch, last], key);
      for (let index = first; index < Math.min(first + 4, y.length); index++) {
        y[index] = words[index - first]! >= threshold ? x![index]! / (1 - rate) : 0;
      }
    }
    return [y];
  },
  cost: ([x]) => ({ flops: 20 * elementCount(x!.shape) }),
  inPlace: [{ input: 0, output: 0 }],
  samples: () => {
    const random = exactWords([4], [1234, 7, 3, 0]);
    return [
      {
        name: "a tenth",
        inputs: [floats("a", [7, 13]), random],
        attributes: { rate: 0.1, stream: "block#0" },
        differentiable: [0],
      },
      {
        name: "a half",
        inputs: [floats("b", [3, 5]), random],
        attributes: { rate: 0.5, stream: "block#1" },
        differentiable: [0],
      },
      {
        name: "nothing",
        inputs: [floats("c", [9]), random],
        attributes: { rate: 0, stream: "block#0" },
        differentiable: [0],
      },
      { name: "one element", inputs: [floats("d", [1]), random], attributes: { rate: 0.3, stream: "" } },
      { name: "no elements", inputs: [floats("e", [0]), random], attributes: { rate: 0.3, stream: "block#0" } },
      {
        name: "largest words",
        inputs: [floats("f", [66]), exactWords([4], [0xffffffff, 0xffffffff, 0x80000000, 0])],
        attributes: { rate: 0.25, stream: "ä" },
      },
    ];
  },
});

/** Words below this are dropped: rate · 2^32, rounded down. */
export function dropoutThreshold(rate: number): number {
  return Math.floor(rate * 2 ** 32);
}

/**
 * Sets a random share of elements to 0 and scales the others so that the mean stays.
 *
 * @param random - u32 [4]: seed, attempted step, micro-batch, 0
 * @param options - `stream` is the trace's next one unless given
 * @throws AttuneError `OPTIONS_INVALID` for a rate outside [0, 1)
 */
export function dropout(
  x: Tensor,
  random: Tensor,
  { rate, stream }: { readonly rate: number; readonly stream?: string },
): Tensor {
  return applyOp(dropoutOp, [x, random], { rate, stream: stream ?? traceOf(x).stream() })[0]!;
}
