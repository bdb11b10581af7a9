import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { defineOp, type OpDef } from "../../op-def/op-def.ts";
import { elementCount, formatType, sameShape, tensorType } from "../../type/tensor-type.ts";
import { expectDtype, resolveAxis, shapeMismatch } from "../checks.ts";
import { floats, integers, nonFinite, words } from "../sample-values.ts";
import { slice } from "./slice.ts";

/** The axis that tensors are joined along. */
export type ConcatAttributes = { readonly axis: number };

/** Puts tensors one after the other along an axis. */
export const concatOp: OpDef<ConcatAttributes> = defineOp<ConcatAttributes>({
  id: "concat",
  infer(inputs, { axis }) {
    const [first] = inputs;
    resolveAxis("concat", axis, first!.shape.length);
    let size = 0;
    for (const type of inputs) {
      expectDtype("concat", "all parts", type, first!.dtype);
      if (
        type.shape.length !== first!.shape.length ||
        !sameShape(type.shape.with(axis, 0), first!.shape.with(axis, 0))
      ) {
        throw shapeMismatch("concat", `${formatType(first!)} and ${formatType(type)} differ beside axis ${axis}.`);
      }
      size += type.shape[axis]!;
    }
    return [tensorType(first!.shape.with(axis, size), first!.dtype)];
  },
  vjp({ inputs, cotangents, needed, attributes: { axis } }) {
    let start = 0;
    return inputs.map((tensor, index) => {
      const length = tensor.shape[axis]!;
      start += length;
      return needed[index] ? slice(cotangents[0]!, { axis, start: start - length, length }) : undefined;
    });
  },
  reference(inputs, { inputTypes, outputTypes, attributes: { axis } }) {
    const [{ shape }] = outputTypes as [(typeof outputTypes)[number]];
    const output = new Float64Array(elementCount(shape));
    const outer = elementCount(shape.slice(0, axis));
    const run = elementCount(shape.slice(axis));
    let start = 0;
    inputs.forEach((values, index) => {
      const length = elementCount(inputTypes[index]!.shape.slice(axis));
      for (let row = 0; row < outer; row++)
        output.set(values.subarray(row * length, (row + 1) * length), row * run + start);
      start += length;
    });
    return [output];
  },
  cost: () => ({ flops: 0 }),
  samples: () => [
    {
      name: "rows",
      inputs: [floats("a", [2, 5]), floats("b", [3, 5])],
      attributes: { axis: 0 },
      differentiable: [0, 1],
    },
    {
      name: "columns",
      inputs: [floats("c", [3, 1]), floats("d", [3, 6]), floats("e", [3, 2])],
      attributes: { axis: 1 },
      differentiable: [0, 1, 2],
    },
    {
      name: "inner axis",
      inputs: [floats("f", [2, 3, 5]), floats("g", [2, 1, 5])],
      attributes: { axis: 1 },
      differentiable: [0, 1],
    },
    { name: "words", inputs: [words([2, 3]), words([2, 2])], attributes: { axis: 1 } },
    { name: "NaN and Inf", inputs: [nonFinite([3, 2]), nonFinite([3, 5])], attributes: { axis: 1 } },
    {
      name: "an empty part",
      inputs: [floats("h", [2, 0]), floats("i", [2, 3])],
      attributes: { axis: 1 },
      differentiable: [1],
    },
    { name: "integers", inputs: [integers("j", [4], -9, 9), integers("k", [3], -9, 9)], attributes: { axis: 0 } },
  ],
});

/**
 * Joins tensors along an axis.
 *
 * @throws AttuneError `SHAPE_MISMATCH` if other axes differ, `DTYPE_MISMATCH` if dtypes do
 */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  if (tensors.length === 1) return tensors[0]!;
  return applyOp(concatOp, tensors, { axis: resolveAxis("concat", axis, tensors[0]?.shape.length ?? 0) })[0]!;
}
