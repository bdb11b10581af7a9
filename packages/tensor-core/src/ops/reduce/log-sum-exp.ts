import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { type Attributes, defineOp, type OpDef } from "../../op-def/op-def.ts";
import { elementCount, tensorType } from "../../type/tensor-type.ts";
import { exp, mul, sub } from "../pointwise/elementwise.ts";
import { cancelledInLogSumExp, expectRows, logSumExpOf, rowExtent, rowOf } from "../row-values.ts";
import { reshape } from "../shape/reshape.ts";
import { rowSamples } from "../softmax/softmax.ts";

/** ln Σ e^x over the last axis, computed from the row's maximum. */
export const logSumExpOp: OpDef<Attributes> = defineOp<Attributes>({
  id: "logSumExp",
  infer([x]) {
    expectRows("logSumExp", "x", x!);
    return [tensorType(x!.shape.slice(0, -1))];
  },
  vjp({ inputs, outputs, cotangents }) {
    const column = [...outputs[0]!.shape, 1];
    return [mul(exp(sub(inputs[0]!, reshape(outputs[0]!, column))), reshape(cotangents[0]!, column))];
  },
  reference([x], { inputTypes }) {
    const { rows, columns } = rowExtent(inputTypes[0]!.shape);
    return [Float64Array.from({ length: rows }, (_, row) => logSumExpOf(rowOf(x!, columns, row)))];
  },
  accumulation: ([x]) => x!.shape.at(-1)!,
  cancelled: (_, [logSumExp], { inputTypes }) => [cancelledInLogSumExp(inputTypes[0]!, logSumExp!)],
  cost: ([x]) => ({ flops: 3 * elementCount(x!.shape) }),
  samples: () =>
    rowSamples().map(({ differentiable, ...sample }) => {
      // e^(x - lse) loses what lse loses when it is rounded to f32, which is much where it is large.
      return differentiable && sample.name !== "large values" ? { ...sample, differentiable } : sample;
    }),
});

/** ln Σ e^x over the last axis. */
export function logSumExp(x: Tensor): Tensor {
  return applyOp(logSumExpOp, [x], {})[0]!;
}

/** ln softmax(x) over the last axis. */
export function logSoftmax(x: Tensor): Tensor {
  const total = logSumExp(x);
  return sub(x, reshape(total, [...total.shape, 1]));
}
