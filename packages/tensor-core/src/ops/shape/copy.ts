import { defineOp, type OpDef } from "../../op-def/op-def.ts";
import { exactFloats, floats, integers } from "../sample-values.ts";

/** Moves bytes as they are; the planner inserts it where a value must also stand somewhere else. */
export const copyOp: OpDef = defineOp({
  id: "copy",
  infer: ([x]) => [x!],
  vjp: ({ cotangents }) => [cotangents[0]],
  reference: ([x]) => [x!.slice()],
  cost: () => ({ flops: 0 }),
  samples: () => [
    { name: "floats", inputs: [floats("a", [3, 7])], attributes: {}, differentiable: [0] },
    { name: "integers", inputs: [integers("b", [5], -9, 9)], attributes: {} },
    { name: "no elements", inputs: [floats("c", [0])], attributes: {} },
    { name: "NaN and Inf", inputs: [exactFloats([3], [Number.NaN, Infinity, -Infinity])], attributes: {} },
  ],
});
