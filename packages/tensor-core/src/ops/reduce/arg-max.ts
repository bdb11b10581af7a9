import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { type Attributes, defineOp, type OpDef } from "../../op-def/op-def.ts";
import { elementCount, tensorType } from "../../type/tensor-type.ts";
import { expectRows, rowExtent, rowOf } from "../row-values.ts";
import { exactFloats, floats } from "../sample-values.ts";

/** Index of the first largest value of the last axis; NaN is passed over unless it comes first. */
export const argMaxOp: OpDef<Attributes> = defineOp<Attributes>({
  id: "argMax",
  infer([x]) {
    expectRows("argMax", "x", x!);
    return [tensorType(x!.shape.slice(0, -1), "i32")];
  },
  vjp: () => [undefined],
  reference([x], { inputTypes }) {
    const { rows, columns } = rowExtent(inputTypes[0]!.shape);
    return [
      Float64Array.from({ length: rows }, (_, row) => {
        const values = rowOf(x!, columns, row);
        return values.reduce((best, value, index) => (value > values[best]! ? index : best), 0);
      }),
    ];
  },
  cost: ([x]) => ({ flops: elementCount(x!.shape) }),
  samples: () => [
    { name: "rows", inputs: [floats("a", [5, 17])], attributes: {} },
    { name: "one column", inputs: [floats("b", [3, 1])], attributes: {} },
    { name: "long rows", inputs: [floats("c", [3, 1031])], attributes: {} },
    { name: "equal values", inputs: [exactFloats([2, 4], [1, 3, 3, 2, -1, -1, -1, -1])], attributes: {} },
    { name: "Inf", inputs: [exactFloats([2, 3], [1, Infinity, 2, -Infinity, -Infinity, -5])], attributes: {} },
    { name: "no rows", inputs: [floats("d", [0, 4])], attributes: {} },
  ],
});

/** Index of the largest value of the last axis, the first among equals; i32. */
export function argMax(x: Tensor): Tensor {
  return applyOp(argMaxOp, [x], {})[0]!;
}
