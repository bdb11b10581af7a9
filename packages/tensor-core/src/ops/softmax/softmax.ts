// softmax(x)_i = e^(x_i - max x) / Σ_j e^(x_j - max x) over the last axis; a row of -Infinity alone gives NaN, as in PyTorch.
//   backward: dx = y · (dy - Σ y · dy)
import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { type Attributes, defineOp, type OpDef, type OpSample } from "../../op-def/op-def.ts";
import { elementCount, tensorType } from "../../type/tensor-type.ts";
import { expectShape } from "../checks.ts";
import { expectRows, rowExtent, rowOf } from "../row-values.ts";
import { exactFloats, floats, nonFinite } from "../sample-values.ts";

/** Probabilities over the last axis. */
export const softmaxOp: OpDef<Attributes> = defineOp<Attributes>({
  id: "softmax",
  infer([x]) {
    expectRows("softmax", "x", x!);
    return [tensorType(x!.shape)];
  },
  vjp: ({ outputs, cotangents }) => applyOp(softmaxBackwardOp, [outputs[0]!, cotangents[0]!], {}),
  reference([x], { inputTypes }) {
    const { rows, columns } = rowExtent(inputTypes[0]!.shape);
    const y = new Float64Array(x!.length);
    for (let row = 0; row < rows; row++) y.set(softmaxOf(rowOf(x!, columns, row)), row * columns);
    return [y];
  },
  accumulation: ([x]) => x!.shape.at(-1)!,
  cost: ([x]) => ({ flops: 5 * elementCount(x!.shape) }),
  inPlace: [{ input: 0, output: 0 }],
  samples: () => rowSamples(),
});

/** Gradient of softmax from its own values. */
export const softmaxBackwardOp: OpDef<Attributes> = defineOp<Attributes>({
  id: "softmaxBackward",
  infer([y, dy]) {
    expectRows("softmaxBackward", "y", y!);
    expectShape("softmaxBackward", "dy", dy!, y!.shape);
    return [tensorType(y!.shape)];
  },
  reference([y, dy], { inputTypes }) {
    const { rows, columns } = rowExtent(inputTypes[0]!.shape);
    const dx = new Float64Array(y!.length);
    for (let row = 0; row < rows; row++) {
      const [values, cotangents] = [rowOf(y!, columns, row), rowOf(dy!, columns, row)];
      const total = values.reduce((sum, value, index) => sum + value * cotangents[index]!, 0);
      for (let index = 0; index < columns; index++)
        dx[row * columns + index] = values[index]! * (cotangents[index]! - total);
    }
    return [dx];
  },
  accumulation: ([y]) => y!.shape.at(-1)!,
  cost: ([y]) => ({ flops: 4 * elementCount(y!.shape) }),
  inPlace: [{ input: 1, output: 0 }],
  samples: () => [
    { name: "rows", inputs: [floats("y", [3, 17], 0, 0.1), floats("dy", [3, 17])], attributes: {} },
    { name: "NaN and Inf", inputs: [floats("y3", [3, 5], 0, 0.3), nonFinite([3, 5])], attributes: {} },
    { name: "no rows", inputs: [floats("y4", [0, 5]), floats("dy4", [0, 5])], attributes: {} },
    { name: "one column", inputs: [floats("y1", [5, 1], 0, 1), floats("dy1", [5, 1])], attributes: {} },
    { name: "long rows", inputs: [floats("y2", [2, 1031], 0, 0.002), floats("dy2", [2, 1031])], attributes: {} },
  ],
});

function softmaxOf(row: Float64Array): Float64Array {
  const largest = row.reduce((most, value) => Math.max(most, value), -Infinity);
  const powers = row.map((value) => Math.exp(value - largest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/** Rows of every length, large values, masked values and NaN: for softmax and logSumExp. */
export function rowSamples(): OpSample<Attributes>[] {
  const sample = (name: string, shape: readonly number[], low = -3, high = 3): OpSample<Attributes> => ({
    name,
    inputs: [floats(name, shape, low, high)],
    attributes: {},
    differentiable: [0],
  });
  return [
    sample("rows", [3, 7]),
    sample("one column", [5, 1]),
    sample("three axes", [2, 3, 5]),
    sample("one row", [19]),
    sample("tile of 16 and one", [3, 17]),
    sample("tile of 16 less one", [3, 15]),
    sample("long rows", [2, 1031]),
    sample("large values", [2, 9], 900, 1000),
    { name: "more rows than a grid has", inputs: [floats("grid", [65537, 2])], attributes: {} },
    { name: "no rows", inputs: [floats("empty", [0, 4])], attributes: {} },
    { name: "masked", inputs: [exactFloats([2, 3], [1, -Infinity, 2, -Infinity, -Infinity, 0])], attributes: {} },
    { name: "NaN", inputs: [exactFloats([2, 3], [1, Number.NaN, 2, 3, 4, 5])], attributes: {} },
  ];
}

/** Probabilities over the last axis: e^x / Σ e^x. */
export function softmax(x: Tensor): Tensor {
  return applyOp(softmaxOp, [x], {})[0]!;
}
