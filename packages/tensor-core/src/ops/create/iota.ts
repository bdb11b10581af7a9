import type { Tensor, TensorHost } from "../../graph/tensor.ts";
import { defineOp, type OpDef } from "../../op-def/op-def.ts";
import { tensorType } from "../../type/tensor-type.ts";

/** Number of integers and the first of them. */
export type IotaAttributes = { readonly length: number; readonly start: number };

/** The integers start, start + 1, …; without inputs, as fill. */
export const iotaOp: OpDef<IotaAttributes> = defineOp<IotaAttributes>({
  id: "iota",
  infer: (_, { length }) => [tensorType([length], "i32")],
  reference: (_, { attributes: { length, start } }) => [
    Float64Array.from({ length }, (_value, index) => start + index),
  ],
  cost: () => ({ flops: 0 }),
  samples: () => [
    { name: "from zero", inputs: [], attributes: { length: 19, start: 0 } },
    { name: "from below zero", inputs: [], attributes: { length: 7, start: -3 } },
    { name: "empty", inputs: [], attributes: { length: 0, start: 0 } },
  ],
});

/** `length` integers from `start` on, i32. */
export function iota(host: TensorHost, length: number, start: number = 0): Tensor {
  return host.apply(iotaOp as unknown as OpDef, [], { length, start })[0]!;
}
