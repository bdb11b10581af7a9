// What an optimizer step has to know of all gradients together: their norm, and whether they are finite.
import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { type Attributes, defineOp, type OpDef } from "../../op-def/op-def.ts";
import { elementCount, type TensorType, tensorType } from "../../type/tensor-type.ts";
import { expectDtype } from "../checks.ts";
import { mul } from "../pointwise/elementwise.ts";
import { broadcastTo } from "../pointwise/pointwise.ts";
import { exactFloats, floats } from "../sample-values.ts";
import { reshape } from "../shape/reshape.ts";

const flops = ([x]: readonly TensorType[]): { flops: number } => ({ flops: 2 * elementCount(x!.shape) });

/** Σ x² over all elements, [1]; added in a tree of fixed shape. */
export const sumOfSquaresOp: OpDef<Attributes> = defineOp<Attributes>({
  id: "sumOfSquares",
  infer([x]) {
    expectDtype("sumOfSquares", "x", x!, "f32");
    return [tensorType([1])];
  },
  vjp({ inputs: [x], cotangents: [dy] }) {
    const spread = broadcastTo(
      reshape(
        dy!,
        x!.shape.map(() => 1),
      ),
      x!.shape,
    );
    return [mul(mul(x!, 2), spread)];
  },
  reference: ([x]) => [Float64Array.of(x!.reduce((total, value) => total + value * value, 0))],
  accumulation: ([x]) => Math.max(1, elementCount(x!.shape)),
  cost: flops,
  samples: () => [
    { name: "flat", inputs: [floats("a", [67])], attributes: {}, differentiable: [0] },
    { name: "matrix", inputs: [floats("b", [3, 5])], attributes: {}, differentiable: [0] },
    { name: "one element", inputs: [floats("c", [1])], attributes: {}, differentiable: [0] },
    { name: "several tiles", inputs: [floats("d", [70001])], attributes: {} },
    { name: "no elements", inputs: [floats("e", [0])], attributes: {} },
    { name: "Inf", inputs: [exactFloats([3], [1, -Infinity, 2])], attributes: {} },
    { name: "NaN", inputs: [exactFloats([3], [1, Number.NaN, 2])], attributes: {} },
  ],
});

/** 1 if no element is NaN or infinite, else 0; f32 [1]. */
export const allFiniteOp: OpDef<Attributes> = defineOp<Attributes>({
  id: "allFinite",
  infer([x]) {
    expectDtype("allFinite", "x", x!, "f32");
    return [tensorType([1])];
  },
  vjp: () => [undefined],
  reference: ([x]) => [Float64Array.of(x!.every((value) => Number.isFinite(value)) ? 1 : 0)],
  cost: flops,
  samples: () => [
    { name: "finite", inputs: [floats("a", [67])], attributes: {} },
    {
      name: "largest finite",
      inputs: [exactFloats([2], [3.4028234663852886e38, -3.4028234663852886e38])],
      attributes: {},
    },
    { name: "Inf at the end", inputs: [exactFloats([5], [1, 2, 3, 4, Infinity])], attributes: {} },
    { name: "-Inf", inputs: [exactFloats([1], [-Infinity])], attributes: {} },
    { name: "NaN", inputs: [exactFloats([6], [0, 0, Number.NaN, 0, 0, 0])], attributes: {} },
    { name: "no elements", inputs: [floats("b", [0])], attributes: {} },
  ],
});

/** Σ x² over all elements, [1]. */
export function sumOfSquares(x: Tensor): Tensor {
  return applyOp(sumOfSquaresOp, [x], {})[0]!;
}

/** 1 if every element is finite, else 0; f32 [1]. */
export function allFinite(x: Tensor): Tensor {
  return applyOp(allFiniteOp, [x], {})[0]!;
}
