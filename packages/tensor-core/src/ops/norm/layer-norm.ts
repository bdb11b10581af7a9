// y = x̂ · weight + bias with x̂ = (x - μ) · r, r = 1 / √(variance + ε) over the last axis; Ba et al., arXiv 1607.06450.
//   with g = dy · weight: dx = r · (g - mean(g) - x̂ · mean(g · x̂));  dweight = Σ dy · x̂;  dbias = Σ dy (over rows)
import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { defineOp, type OpDef, type OpSample } from "../../op-def/op-def.ts";
import { elementCount, tensorType } from "../../type/tensor-type.ts";
import { expectShape, refuseCotangent } from "../checks.ts";
import { expectRows, rowExtent, rowOf } from "../row-values.ts";
import { exactFloats, floats } from "../sample-values.ts";
import { rowsOrColumns } from "./rms-norm.ts";

/** Options of a layer norm. */
export type LayerNormAttributes = {
  readonly epsilon: number;
  /** Whether the third input, bias, is there. */
  readonly bias: boolean;
};
/** Which gradients of a layer norm are made. */
export type LayerNormBackwardAttributes = {
  /** False leaves the outputs dweight and dbias away. */
  readonly needWeight: boolean;
};

const average = (values: Float64Array): number => values.reduce((total, value) => total + value, 0) / values.length;

/** Inputs x [..., H], weight [H] and, if announced, bias [H]; outputs y, μ and r, the latter one value a row. */
export const layerNormOp: OpDef<LayerNormAttributes> = defineOp<LayerNormAttributes>({
  id: "layerNorm",
  infer([x, weight, bias], attributes) {
    expectRows("layerNorm", "x", x!);
    expectShape("layerNorm", "weight", weight!, x!.shape.slice(-1));
    if (attributes.bias) expectShape("layerNorm", "bias", bias!, x!.shape.slice(-1));
    const { rows } = rowExtent(x!.shape);
    return [tensorType(x!.shape), tensorType([rows]), tensorType([rows])];
  },
  vjp({ inputs: [x, weight], outputs: [, mu, inverse], cotangents, needed }) {
    refuseCotangent("layerNorm", "mean", cotangents[1]);
    refuseCotangent("layerNorm", "inverseDeviation", cotangents[2]);
    const needWeight = needed[1]! || (needed[2] ?? false);
    return applyOp(layerNormBackwardOp, [x!, weight!, mu!, inverse!, cotangents[0]!], { needWeight });
  },
  reference([x, weight, bias], { inputTypes, attributes }) {
    const { rows, columns } = rowExtent(inputTypes[0]!.shape);
    const y = new Float64Array(x!.length);
    const mu = new Float64Array(rows);
    const inverse = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      const values = rowOf(x!, columns, row);
      mu[row] = average(values);
      const centred = values.map((value) => value - mu[row]!);
      inverse[row] = 1 / Math.sqrt(average(centred.map((value) => value * value)) + attributes.epsilon);
      for (let column = 0; column < columns; column++) {
        y[row * columns + column] =
          centred[column]! * inverse[row]! * weight![column]! + (attributes.bias ? bias![column]! : 0);
      }
    }
    return [y, mu, inverse];
  },
  accumulation: ([x]) => x!.shape.at(-1)!,
  cost: ([x]) => ({ flops: 7 * elementCount(x!.shape) }),
  samples: () => layerNormSamples(),
});

/** Inputs x, weight, μ, r and dy; outputs dx and, if needed, dweight and dbias. */
export const layerNormBackwardOp: OpDef<LayerNormBackwardAttributes> = defineOp<LayerNormBackwardAttributes>({
  id: "layerNormBackward",
  infer([x, weight, mu, inverse, dy], { needWeight }) {
    expectRows("layerNormBackward", "x", x!);
    const { rows, columns } = rowExtent(x!.shape);
    expectShape("layerNormBackward", "weight", weight!, [columns]);
    expectShape("layerNormBackward", "mean", mu!, [rows]);
    expectShape("layerNormBackward", "inverseDeviation", inverse!, [rows]);
    expectShape("layerNormBackward", "dy", dy!, x!.shape);
    return [tensorType(x!.shape), ...(needWeight ? [tensorType([columns]), tensorType([columns])] : [])];
  },
  reference([x, weight, mu, inverse, dy], { inputTypes, attributes }) {
    const { rows, columns } = rowExtent(inputTypes[0]!.shape);
    const dx = new Float64Array(x!.length);
    const dweight = new Float64Array(columns);
    const dbias = new Float64Array(columns);
    for (let row = 0; row < rows; row++) {
      const r = inverse![row]!;
      const normal = rowOf(x!, columns, row).map((value) => (value - mu![row]!) * r);
      const cotangents = rowOf(dy!, columns, row);
      const g = cotangents.map((cotangent, column) => cotangent * weight![column]!);
      const level = average(g);
      const projection = average(g.map((value, column) => value * normal[column]!));
      for (let column = 0; column < columns; column++) {
        dx[row * columns + column] = r * (g[column]! - level - normal[column]! * projection);
        dweight[column]! += cotangents[column]! * normal[column]!;
        dbias[column]! += cotangents[column]!;
      }
    }
    return attributes.needWeight ? [dx, dweight, dbias] : [dx];
  },
  accumulation: rowsOrColumns,
  cost: ([x]) => ({ flops: 12 * elementCount(x!.shape) }),
  inPlace: [{ input: 4, output: 0 }],
  samples: () =>
    [true, false].flatMap((needWeight) =>
      [
        [3, 17],
        [2, 3, 8],
        [37, 5],
        [0, 3],
      ].map((shape) => ({
        name: `[${shape.join(", ")}] ${needWeight ? "with" : "without"} dweight`,
        inputs: [
          floats("x", shape),
          floats("weight", shape.slice(-1)),
          floats("mean", [rowExtent(shape).rows], -0.5, 0.5),
          floats("inverse", [rowExtent(shape).rows], 0.3, 1.5),
          floats("dy", shape),
        ],
        attributes: { needWeight },
      })),
    ),
});

function layerNormSamples(): OpSample<LayerNormAttributes>[] {
  const sample = (
    name: string,
    shape: readonly number[],
    bias: boolean,
    epsilon = 1e-5,
  ): OpSample<LayerNormAttributes> => ({
    name,
    inputs: [
      floats(`${name} x`, shape),
      floats(`${name} weight`, shape.slice(-1)),
      ...(bias ? [floats(`${name} bias`, shape.slice(-1))] : []),
    ],
    attributes: { epsilon, bias },
    differentiable: bias ? [0, 1, 2] : [0, 1],
  });
  return [
    sample("rows", [3, 8], true),
    sample("without bias", [3, 8], false),
    sample("three axes", [2, 3, 5], true),
    sample("one row", [19], true),
    sample("tile of 16 and one", [5, 17], true),
    sample("long rows", [2, 257], true, 1e-6),
    {
      name: "one column",
      inputs: [floats("single", [4, 1]), floats("weight", [1]), floats("bias", [1])],
      attributes: { epsilon: 0.1, bias: true },
    },
    {
      name: "no rows",
      inputs: [floats("none", [0, 4]), floats("weight", [4])],
      attributes: { epsilon: 1e-5, bias: false },
    },
    {
      name: "NaN",
      inputs: [exactFloats([2, 3], [1, Number.NaN, 2, 3, 4, 5]), floats("weight", [3])],
      attributes: { epsilon: 1e-5, bias: false },
    },
  ];
}

/**
 * Layer norm over the last axis.
 *
 * @param x - [..., H]
 * @param weight - [H]
 * @param bias - [H], or undefined
 * @throws AttuneError `SHAPE_MISMATCH` if their last axes differ
 */
export function layerNorm(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  { epsilon }: { readonly epsilon: number },
): Tensor {
  const inputs = bias === undefined ? [x, weight] : [x, weight, bias];
  return applyOp(layerNormOp, inputs, { epsilon, bias: bias !== undefined })[0]!;
}
