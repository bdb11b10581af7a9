import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { defineOp, type OpDef } from "../../op-def/op-def.ts";
import { elementCount, tensorType } from "../../type/tensor-type.ts";
import { resolveAxis, shapeMismatch } from "../checks.ts";
import { fill } from "../create/fill.ts";
import { floats, integers, nonFinite, words } from "../sample-values.ts";
import { concat } from "./concat.ts";
import { expectPlainElements } from "./reshape.ts";
import { isRange, sliceValues } from "./slice.ts";

/** An axis and the sizes of its parts. */
export type SplitAttributes = { readonly axis: number; readonly sizes: readonly number[] };

/** Cuts an axis into neighbouring parts: views where each is one range of the row-major elements, else copies. */
export const splitOp: OpDef<SplitAttributes> = defineOp<SplitAttributes>({
  id: "split",
  infer([x], { axis, sizes }) {
    expectPlainElements("split", x!);
    const size = x!.shape[resolveAxis("split", axis, x!.shape.length)]!;
    if (sizes.length === 0 || sizes.reduce((sum, part) => sum + part, 0) !== size) {
      throw shapeMismatch(
        "split",
        `parts [${sizes.join(", ")}] do not add up to axis ${axis} of [${x!.shape.join(", ")}].`,
      );
    }
    return sizes.map((part) => tensorType(x!.shape.with(axis, part), x!.dtype, x!.format));
  },
  vjp({ inputs, outputs, cotangents, attributes: { axis } }) {
    return [
      concat(
        cotangents.map((cotangent, index) => cotangent ?? fill(inputs[0]!.host, 0, outputs[index]!.shape)),
        axis,
      ),
    ];
  },
  reference([x], { inputTypes, attributes: { axis, sizes } }) {
    return startsOf(sizes).map((start, index) =>
      sliceValues(x!, inputTypes[0]!.shape, { axis, start, length: sizes[index]! }),
    );
  },
  cost: () => ({ flops: 0 }),
  alias([x], { axis, sizes }) {
    const inner = elementCount(x!.shape.slice(axis + 1));
    return isRange(x!, axis) ? startsOf(sizes).map((start) => start * inner) : undefined;
  },
  samples: () => [
    { name: "rows", inputs: [floats("a", [7, 3])], attributes: { axis: 0, sizes: [2, 5] }, differentiable: [0] },
    { name: "columns", inputs: [floats("b", [3, 12])], attributes: { axis: 1, sizes: [6, 1, 5] }, differentiable: [0] },
    {
      name: "an empty part",
      inputs: [floats("c", [2, 4, 3])],
      attributes: { axis: 1, sizes: [0, 4] },
      differentiable: [0],
    },
    { name: "integers", inputs: [integers("d", [3, 4], -9, 9)], attributes: { axis: 1, sizes: [1, 3] } },
    { name: "words", inputs: [words([3, 4])], attributes: { axis: 1, sizes: [1, 3] } },
    { name: "NaN and Inf", inputs: [nonFinite([3, 5])], attributes: { axis: 1, sizes: [2, 3] } },
    { name: "of nothing", inputs: [floats("e", [0, 4])], attributes: { axis: 1, sizes: [1, 3] } },
  ],
});

function startsOf(sizes: readonly number[]): number[] {
  let next = 0;
  return sizes.map((size) => {
    next += size;
    return next - size;
  });
}

/**
 * Parts of an axis, in order.
 *
 * @throws AttuneError `SHAPE_MISMATCH` if the sizes do not add up to the axis
 */
export function split(x: Tensor, { axis, sizes }: SplitAttributes): Tensor[] {
  return [...applyOp(splitOp, [x], { axis: resolveAxis("split", axis, x.shape.length), sizes })];
}
