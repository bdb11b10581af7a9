import type { Tensor, TensorHost } from "../../graph/tensor.ts";
import { defineOp, type OpDef } from "../../op-def/op-def.ts";
import type { DType } from "../../type/dtype.ts";
import { elementCount, tensorType } from "../../type/tensor-type.ts";

interface FillAttributes {
  readonly [name: string]: number | string | readonly number[];
  readonly value: number;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** A tensor of one repeated value; the only op without inputs. */
export const fillOp: OpDef<FillAttributes> = defineOp<FillAttributes>({
  id: "fill",
  infer: (_, { shape, dtype }) => [tensorType(shape, dtype)],
  reference: (_, { attributes }) => [new Float64Array(elementCount(attributes.shape)).fill(attributes.value)],
  cost: () => ({ flops: 0 }),
  samples: () => [
    { name: "floats", inputs: [], attributes: { value: 2.5, shape: [3, 7], dtype: "f32" } },
    { name: "integers", inputs: [], attributes: { value: -3, shape: [17], dtype: "i32" } },
    { name: "one element", inputs: [], attributes: { value: 1, shape: [], dtype: "f32" } },
    { name: "no elements", inputs: [], attributes: { value: 1, shape: [0], dtype: "f32" } },
  ],
});

/** A tensor of `shape` whose every element is `value`. */
export function fill(host: TensorHost, value: number, shape: readonly number[], dtype: DType = "f32"): Tensor {
  return host.apply(fillOp as unknown as OpDef, [], { value, shape, dtype })[0]!;
}
