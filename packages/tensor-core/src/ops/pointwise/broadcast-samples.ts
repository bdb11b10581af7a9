import type { OpSample } from "../../op-def/op-def.ts";
import { floats, integers } from "../sample-values.ts";

/** New axes, inner axes, one element and none. */
export function broadcastToSamples(): OpSample<{ readonly shape: readonly number[] }>[] {
  return [
    { name: "new axes", inputs: [floats("a", [5])], attributes: { shape: [2, 3, 5] }, differentiable: [0] },
    { name: "inner axis", inputs: [floats("b", [3, 1, 7])], attributes: { shape: [3, 4, 7] }, differentiable: [0] },
    { name: "one element", inputs: [floats("c", [1])], attributes: { shape: [17] }, differentiable: [0] },
    { name: "no elements", inputs: [floats("d", [1, 3])], attributes: { shape: [0, 3] } },
    { name: "integers", inputs: [integers("e", [2, 1], -9, 9)], attributes: { shape: [2, 5] } },
    {
      name: "NaN and Inf",
      inputs: [{ ...floats("f", [3, 1]), values: [Number.NaN, Infinity, -Infinity] }],
      attributes: { shape: [3, 4] },
    },
  ];
}
