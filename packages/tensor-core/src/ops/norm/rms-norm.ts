// y = x · r · weight with r = 1 / √(mean(x²) + ε) over the last axis; Zhang and Sennrich, arXiv 1910.07467.
//   with g = dy · weight: dx = r · g - x · r³ · mean(g · x);  dweight = Σ over rows of dy · x · r
import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { defineOp, type OpDef, type OpSample } from "../../op-def/op-def.ts";
import { elementCount, type TensorType, tensorType } from "../../type/tensor-type.ts";
import { expectShape, refuseCotangent } from "../checks.ts";
import { expectRows, rowExtent, rowOf } from "../row-values.ts";
import { exactFloats, floats } from "../sample-values.ts";

/** ε, added to the mean of squares. */
export type RmsNormAttributes = { readonly epsilon: number };
/** Which gradients of an RMS norm are made. */
export type RmsNormBackwardAttributes = {
  /** False leaves the output dweight away. */
  readonly needWeight: boolean;
};

/** Inputs x [..., H] and weight [H]; outputs y and r, one value a row. */
export const rmsNormOp: OpDef<RmsNormAttributes> = defineOp<RmsNormAttributes>({
  id: "rmsNorm",
  infer([x, weight]) {
    expectRows("rmsNorm", "x", x!);
    expectShape("rmsNorm", "weight", weight!, x!.shape.slice(-1));
    return [tensorType(x!.shape), tensorType([rowExtent(x!.shape).rows])];
  },
  vjp({ inputs: [x, weight], outputs: [, inverse], cotangents, needed }) {
    refuseCotangent("rmsNorm", "inverseRms", cotangents[1]);
    return applyOp(rmsNormBackwardOp, [x!, weight!, inverse!, cotangents[0]!], { needWeight: needed[1]! });
  },
  reference([x, weight], { inputTypes, attributes }) {
    const { rows, columns } = rowExtent(inputTypes[0]!.shape);
    const y = new Float64Array(x!.length);
    const inverse = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      const values = rowOf(x!, columns, row);
      const meanSquare = values.reduce((total, value) => total + value * value, 0) / columns;
      inverse[row] = 1 / Math.sqrt(meanSquare + attributes.epsilon);
      for (let column = 0; column < columns; column++)
        y[row * columns + column] = values[column]! * inverse[row]! * weight![column]!;
    }
    return [y, inverse];
  },
  accumulation: ([x]) => x!.shape.at(-1)!,
  cost: ([x]) => ({ flops: 4 * elementCount(x!.shape) }),
  samples: () => rmsNormSamples(),
});

/** Inputs x, weight, r and dy; outputs dx and, if needed, dweight. */
export const rmsNormBackwardOp: OpDef<RmsNormBackwardAttributes> = defineOp<RmsNormBackwardAttributes>({
  id: "rmsNormBackward",
  infer([x, weight, inverse, dy], { needWeight }) {
    expectRows("rmsNormBackward", "x", x!);
    expectShape("rmsNormBackward", "weight", weight!, x!.shape.slice(-1));
    expectShape("rmsNormBackward", "inverseRms", inverse!, [rowExtent(x!.shape).rows]);
    expectShape("rmsNormBackward", "dy", dy!, x!.shape);
    return [tensorType(x!.shape), ...(needWeight ? [tensorType(weight!.shape)] : [])];
  },
  reference([x, weight, inverse, dy], { inputTypes, attributes }) {
    const { rows, columns } = rowExtent(inputTypes[0]!.shape);
    const dx = new Float64Array(x!.length);
    const dweight = new Float64Array(columns);
    for (let row = 0; row < rows; row++) {
      const r = inverse![row]!;
      const [values, cotangents] = [rowOf(x!, columns, row), rowOf(dy!, columns, row)];
      const g = cotangents.map((cotangent, column) => cotangent * weight![column]!);
      const projection = g.reduce((total, value, column) => total + value * values[column]!, 0) / columns;
      for (let column = 0; column < columns; column++) {
        dx[row * columns + column] = r * g[column]! - values[column]! * r ** 3 * projection;
        dweight[column]! += cotangents[column]! * values[column]! * r;
      }
    }
    return attributes.needWeight ? [dx, dweight] : [dx];
  },
  accumulation: rowsOrColumns,
  cost: ([x]) => ({ flops: 9 * elementCount(x!.shape) }),
  inPlace: [{ input: 3, output: 0 }],
  samples: () =>
    [true, false].flatMap((needWeight) =>
      [
        [3, 17],
        [2, 3, 8],
        [1, 1],
        [37, 5],
        [0, 3],
      ].map((shape) => ({
        name: `[${shape.join(", ")}] ${needWeight ? "with" : "without"} dweight`,
        inputs: [
          floats("x", shape),
          floats("weight", shape.slice(-1)),
          floats("inverse", [rowExtent(shape).rows], 0.3, 1.5),
          floats("dy", shape),
        ],
        attributes: { needWeight },
      })),
    ),
});

/** Roundings of a norm's backward pass: dx adds along a row, dweight along the rows. */
export function rowsOrColumns([x]: readonly TensorType[]): number {
  const { rows, columns } = rowExtent(x!.shape);
  return Math.max(rows, columns);
}

function rmsNormSamples(): OpSample<RmsNormAttributes>[] {
  const sample = (name: string, shape: readonly number[], epsilon = 1e-5): OpSample<RmsNormAttributes> => ({
    name,
    inputs: [floats(`${name} x`, shape), floats(`${name} weight`, shape.slice(-1))],
    attributes: { epsilon },
    differentiable: [0, 1],
  });
  return [
    sample("rows", [3, 8]),
    sample("three axes", [2, 3, 5]),
    sample("one column", [4, 1], 0.1),
    sample("one row", [19]),
    sample("tile of 16 and one", [5, 17]),
    sample("long rows", [2, 257], 1e-6),
    {
      name: "more rows than a grid has",
      inputs: [floats("grid", [65537, 2]), floats("weight", [2])],
      attributes: { epsilon: 1e-5 },
    },
    { name: "no rows", inputs: [floats("none", [0, 4]), floats("weight", [4])], attributes: { epsilon: 1e-5 } },
    {
      name: "zeros",
      inputs: [exactFloats([1, 4], [0, 0, 0, 0]), floats("weight", [4])],
      attributes: { epsilon: 1e-5 },
    },
    {
      name: "NaN",
      inputs: [exactFloats([2, 3], [1, Number.NaN, 2, 3, 4, 5]), floats("weight", [3])],
      attributes: { epsilon: 1e-5 },
    },
  ];
}

/**
 * Root-mean-square norm over the last axis, scaled by `weight`.
 *
 * @param x - [..., H]
 * @param weight - [H]
 * @throws AttuneError `SHAPE_MISMATCH` if their last axes differ
 */
export function rmsNorm(x: Tensor, weight: Tensor, { epsilon }: RmsNormAttributes): Tensor {
  return applyOp(rmsNormOp, [x, weight], { epsilon })[0]!;
}
