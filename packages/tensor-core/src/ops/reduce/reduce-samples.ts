import type { OpSample } from "../../op-def/op-def.ts";
import { exactFloats, floats } from "../sample-values.ts";
import type { ReduceAttributes } from "./reduce-values.ts";

/** First, last, middle and all axes, one element, none, a long axis, NaN and Inf. */
export function reduceSamples(): OpSample<ReduceAttributes>[] {
  const sample = (
    name: string,
    shape: readonly number[],
    axes: readonly number[],
    keepDims = false,
  ): OpSample<ReduceAttributes> => ({
    name,
    inputs: [floats(name, shape)],
    attributes: { axes, keepDims },
    differentiable: [0],
  });
  return [
    sample("last axis", [3, 17], [1]),
    sample("first axis", [17, 3], [0]),
    sample("middle axis kept", [2, 13, 5], [1], true),
    sample("two axes", [3, 4, 5], [0, 2]),
    sample("all axes", [7, 11], [0, 1]),
    sample("one element", [1], [0]),
    sample("long", [1031], [0]),
    sample("first axis, many columns", [5, 257], [0]),
    sample("nothing to add", [3, 0], [1]),
    sample("no rows", [0, 3], [1]),
    {
      name: "NaN and Inf",
      inputs: [exactFloats([4, 2], [Number.NaN, 1, Infinity, 1, -Infinity, 1, 2, 3])],
      attributes: { axes: [1], keepDims: false },
    },
  ];
}
