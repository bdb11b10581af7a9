// Rows of the first axis, read and replaced by number: caches, experts, beams. Row -1 (any number outside) is nothing:
// it reads zeros and writes nowhere.
import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { defineOp, type OpDef } from "../../op-def/op-def.ts";
import { elementCount, formatType, rowBytes, sameShape, tensorType, typeBytes } from "../../type/tensor-type.ts";
import { expectDtype, expectMinimumRank, expectRank, shapeMismatch } from "../checks.ts";
import { fill } from "../create/fill.ts";
import { exactIntegers, floats, nonFinite } from "../sample-values.ts";
import { reshape } from "../shape/reshape.ts";
import { embedding, embeddingBackward } from "./embedding.ts";

type NoAttributes = Record<string, never>;

/** Inputs x [R, ...] and rows i32 [N]; output [N, ...]. */
export const gatherRowsOp: OpDef<NoAttributes> = defineOp<NoAttributes>({
  id: "gatherRows",
  infer([x, rows]) {
    expectMinimumRank("gatherRows", "x", x!, 1);
    expectRank("gatherRows", "rows", rows!, 1);
    expectDtype("gatherRows", "rows", rows!, "i32");
    return [tensorType([rows!.shape[0]!, ...x!.shape.slice(1)], x!.dtype)];
  },
  vjp({ inputs: [x, rows], cotangents: [dy] }) {
    const flat = reshape(dy!, [rows!.shape[0]!, elementCount(x!.shape.slice(1))]);
    return [reshape(embeddingBackward(rows!, flat, { rows: x!.shape[0]! }), x!.shape), undefined];
  },
  reference([x, rows], { inputTypes }) {
    const [count, ...inner] = inputTypes[0]!.shape as [number, ...number[]];
    const width = elementCount(inner);
    const output = new Float64Array(rows!.length * width);
    rows!.forEach((row, index) => {
      if (row >= 0 && row < count) output.set(x!.subarray(row * width, (row + 1) * width), index * width);
    });
    return [output];
  },
  decompose([x, rows]) {
    const [count, ...inner] = x!.shape as [number, ...number[]];
    return [reshape(embedding(rows!, reshape(x!, [count, elementCount(inner)])), [rows!.shape[0]!, ...inner])];
  },
  cost: ([x, rows], [y]) => ({
    flops: 0,
    bytes: rowBytes(x!, elementCount(rows!.shape)) + typeBytes(rows!) + typeBytes(y!),
  }),
  samples: () => [
    {
      name: "repeated rows",
      inputs: [floats("a", [4, 3]), exactIntegers([5], [3, 0, 3, 1, 1])],
      attributes: {},
      differentiable: [0],
    },
    {
      name: "inner axes",
      inputs: [floats("b", [3, 2, 5]), exactIntegers([2], [2, 0])],
      attributes: {},
      differentiable: [0],
    },
    {
      name: "no row",
      inputs: [floats("c", [3, 4]), exactIntegers([3], [-1, 2, 3])],
      attributes: {},
      differentiable: [0],
    },
    { name: "no rows", inputs: [floats("d", [3, 4]), exactIntegers([0], [])], attributes: {} },
    { name: "NaN and Inf", inputs: [nonFinite([4, 5]), exactIntegers([4], [2, -1, 0, 4])], attributes: {} },
  ],
});

/** Inputs x [R, ...], rows i32 [N], each row at most once, and values [N, ...]; output x with those rows replaced. */
export const scatterRowsOp: OpDef<NoAttributes> = defineOp<NoAttributes>({
  id: "scatterRows",
  infer([x, rows, values]) {
    expectRank("scatterRows", "rows", rows!, 1);
    expectDtype("scatterRows", "rows", rows!, "i32");
    expectDtype("scatterRows", "values", values!, x!.dtype);
    if (!sameShape(values!.shape, [rows!.shape[0]!, ...x!.shape.slice(1)])) {
      throw shapeMismatch("scatterRows", `${formatType(values!)} are no ${rows!.shape[0]} rows of ${formatType(x!)}.`);
    }
    return [tensorType(x!.shape, x!.dtype)];
  },
  vjp({ inputs: [, rows, values], cotangents: [dy], needed }) {
    const zeros = (): Tensor => fill(values!.host, 0, values!.shape);
    return [
      needed[0] ? scatterRows(dy!, rows!, zeros()) : undefined,
      undefined,
      needed[2] ? gatherRows(dy!, rows!) : undefined,
    ];
  },
  reference([x, rows, values], { inputTypes }) {
    const [count, ...inner] = inputTypes[0]!.shape as [number, ...number[]];
    const width = elementCount(inner);
    const output = x!.slice();
    rows!.forEach((row, index) => {
      if (row >= 0 && row < count) output.set(values!.subarray(index * width, (index + 1) * width), row * width);
    });
    return [output];
  },
  cost: () => ({ flops: 0 }),
  inPlace: [{ input: 0, output: 0 }],
  samples: () => [
    {
      name: "two rows",
      inputs: [floats("a", [4, 3]), exactIntegers([2], [3, 0]), floats("b", [2, 3])],
      attributes: {},
      differentiable: [0, 2],
    },
    {
      name: "inner axes",
      inputs: [floats("c", [3, 2, 5]), exactIntegers([1], [1]), floats("d", [1, 2, 5])],
      attributes: {},
      differentiable: [0, 2],
    },
    {
      name: "no row",
      inputs: [floats("e", [3, 4]), exactIntegers([3], [-1, 2, 3]), floats("f", [3, 4])],
      attributes: {},
      differentiable: [0, 2],
    },
    {
      name: "NaN and Inf",
      inputs: [nonFinite([4, 5]), exactIntegers([2], [3, -1]), nonFinite([2, 5])],
      attributes: {},
    },
    { name: "no rows", inputs: [floats("g", [3, 4]), exactIntegers([0], []), floats("h", [0, 4])], attributes: {} },
  ],
});

/** Rows of the first axis of `x` [R, ...], in the order of `rows` i32 [N]; a number outside gives zeros. */
export function gatherRows(x: Tensor, rows: Tensor): Tensor {
  return applyOp(gatherRowsOp, [x, rows], {})[0]!;
}

/**
 * `x` [R, ...] with row `rows[i]` replaced by `values[i]`; as the value of a State update it is written in place.
 *
 * @param rows - i32 [N], each at most once; a number outside writes nothing
 * @param values - [N, ...]
 */
export function scatterRows(x: Tensor, rows: Tensor, values: Tensor): Tensor {
  return applyOp(scatterRowsOp, [x, rows, values], {})[0]!;
}
