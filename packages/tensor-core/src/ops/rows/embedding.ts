// Rows of a table by their ids. The gradient of the table adds the cotangents of equal ids in ascending order of their place,
// so that any number of threads gives the same bits. An id outside the table reads zeros and gets no gradient.
import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { defineOp, type OpDef } from "../../op-def/op-def.ts";
import { bfloat16, float16 } from "../../type/dense-formats.ts";
import { elementCount, formatType, rowBytes, tensorType, typeBytes } from "../../type/tensor-type.ts";
import { expectDtype, expectRank, expectShape, shapeMismatch } from "../checks.ts";
import { exactIntegers, floats, integers, nonFinite } from "../sample-values.ts";

/** Inputs ids i32 [...] and table [V, H]; output [..., H]. */
export const embeddingOp: OpDef<Record<string, never>> = defineOp<Record<string, never>>({
  id: "embedding",
  infer([ids, table]) {
    expectDtype("embedding", "ids", ids!, "i32");
    expectDtype("embedding", "the table", table!, "f32");
    expectRank("embedding", "a table", table!, 2);
    return [tensorType([...ids!.shape, table!.shape[1]!])];
  },
  vjp({ inputs: [ids, table], cotangents }) {
    return [undefined, embeddingBackward(ids!, cotangents[0]!, { rows: table!.shape[0]! })];
  },
  reference([ids, table], { inputTypes }) {
    const [rows, width] = inputTypes[1]!.shape as [number, number];
    const output = new Float64Array(ids!.length * width);
    ids!.forEach((id, index) => {
      if (id >= 0 && id < rows) output.set(table!.subarray(id * width, (id + 1) * width), index * width);
    });
    return [output];
  },
  cost: ([ids, table], [y]) => ({
    flops: 0,
    bytes: typeBytes(ids!) + rowBytes(table!, elementCount(ids!.shape)) + typeBytes(y!),
  }),
  samples: () => [
    {
      name: "repeated ids",
      inputs: [exactIntegers([2, 3], [1, 0, 4, 1, 1, 2]), floats("a", [5, 7])],
      attributes: {},
      differentiable: [1],
    },
    {
      name: "one row",
      inputs: [exactIntegers([3], [0, 0, 0]), floats("b", [1, 1])],
      attributes: {},
      differentiable: [1],
    },
    {
      name: "outside the table",
      inputs: [exactIntegers([4], [-1, 3, 2, -100]), floats("c", [3, 4])],
      attributes: {},
      differentiable: [1],
    },
    { name: "no ids", inputs: [exactIntegers([0], []), floats("d", [3, 4])], attributes: {} },
    { name: "NaN and Inf", inputs: [exactIntegers([4], [2, -1, 0, 4]), nonFinite([4, 5])], attributes: {} },
    { name: "wide", inputs: [integers("e ids", [67], 0, 31), floats("e", [31, 65])], attributes: {} },
    ...[bfloat16, float16].map((format) => ({
      name: `table in ${format.id}`,
      inputs: [integers(`${format.id} ids`, [9], 0, 11), floats(`${format.id} table`, [11, 18], -2, 2, format)],
      attributes: {},
    })),
  ],
});

/** Rows of the table whose gradient is made. */
export type EmbeddingBackwardAttributes = { readonly rows: number };

/** Inputs ids i32 [...] and dy [..., H]; output the gradient of the table [rows, H]. */
export const embeddingBackwardOp: OpDef<EmbeddingBackwardAttributes> = defineOp<EmbeddingBackwardAttributes>({
  id: "embeddingBackward",
  infer([ids, dy], { rows }) {
    expectDtype("embeddingBackward", "ids", ids!, "i32");
    expectShape("embeddingBackward", "dy", dy!, [...ids!.shape, dy!.shape.at(-1)!]);
    return [tensorType([rows, dy!.shape.at(-1)!])];
  },
  vjp: ({ inputs: [ids], cotangents }) => [undefined, embedding(ids!, cotangents[0]!)],
  reference([ids, dy], { outputTypes }) {
    const [rows, width] = outputTypes[0]!.shape as [number, number];
    const gradient = new Float64Array(rows * width);
    ids!.forEach((id, index) => {
      if (id < 0 || id >= rows) return;
      for (let column = 0; column < width; column++) gradient[id * width + column]! += dy![index * width + column]!;
    });
    return [gradient];
  },
  accumulation: ([ids]) => Math.max(1, elementCount(ids!.shape)),
  cost: ([, dy]) => ({ flops: elementCount(dy!.shape) }),
  samples: () => [
    {
      name: "repeated ids",
      inputs: [exactIntegers([6], [1, 0, 4, 1, 1, 2]), floats("a", [6, 7])],
      attributes: { rows: 5 },
      differentiable: [1],
    },
    {
      name: "outside the table",
      inputs: [exactIntegers([4], [-1, 3, 2, -100]), floats("b", [4, 4])],
      attributes: { rows: 3 },
      differentiable: [1],
    },
    {
      name: "NaN and Inf stay in their rows",
      inputs: [exactIntegers([4], [2, -1, 0, 2]), nonFinite([4, 5])],
      attributes: { rows: 4 },
    },
    { name: "no ids", inputs: [exactIntegers([0], []), floats("c", [0, 3])], attributes: { rows: 2 } },
    { name: "wide", inputs: [integers("d ids", [67], 0, 31), floats("d", [67, 65])], attributes: { rows: 31 } },
  ],
});

/**
 * Rows of a table; an id outside it reads zeros.
 *
 * @param ids - i32 [...]
 * @param table - [V, H], in any storage format
 * @returns [..., H]
 */
export function embedding(ids: Tensor, table: Tensor): Tensor {
  return applyOp(embeddingOp, [ids, table], {})[0]!;
}

/**
 * Sum of the rows of `dy` [..., H] that share an id, [rows, H].
 *
 * @throws AttuneError `SHAPE_MISMATCH` where ids and `dy` do not go together
 */
export function embeddingBackward(ids: Tensor, dy: Tensor, { rows }: EmbeddingBackwardAttributes): Tensor {
  if (!Number.isInteger(rows) || rows < 0)
    throw shapeMismatch("embeddingBackward", `${rows} is no number of rows for ${formatType(dy.type)}.`);
  return applyOp(embeddingBackwardOp, [ids, dy], { rows })[0]!;
}
