// loss_n = ln Σ_v e^(x_nv) - x_n,label; 0 where the label is -100, the mark of a token that is not trained.
//   backward: dx_nv = (e^(x_nv - lse_n) - [v = label_n]) · dloss_n, in place over the logits
import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { largestSize } from "../../op-def/largest-size.ts";
import { type Attributes, defineOp, type OpDef, type OpSample } from "../../op-def/op-def.ts";
import { elementCount, type TensorType, tensorType } from "../../type/tensor-type.ts";
import { expectDtype, expectRank, expectShape } from "../checks.ts";
import { add, exp, mul, sub } from "../pointwise/elementwise.ts";
import { cancelledInLogSumExp, expectRows, logSumExpOf, rowOf } from "../row-values.ts";
import { exactFloats, exactIntegers, floats, integers } from "../sample-values.ts";
import { reshape } from "../shape/reshape.ts";

/** The label of a row without a loss, as in PyTorch and Transformers. */
export const ignoredLabel = -100;

function expectLogits(op: string, logits: TensorType, labels: TensorType): void {
  expectRank(op, "logits", logits, 2);
  expectRows(op, "logits", logits);
  expectDtype(op, "labels", labels, "i32");
  expectShape(op, "labels", labels, [logits.shape[0]!]);
}

/** Inputs logits [N, V] and labels i32 [N], in [0, V) or -100; outputs loss [N] and ln Σ e^x [N]. */
export const crossEntropyOp: OpDef<Attributes> = defineOp<Attributes>({
  id: "crossEntropy",
  infer([logits, labels]) {
    expectLogits("crossEntropy", logits!, labels!);
    return [tensorType([logits!.shape[0]!]), tensorType([logits!.shape[0]!])];
  },
  vjp({ inputs: [logits, labels], outputs: [, logSumExp], cotangents: [dloss, dlogSumExp] }) {
    const column = [logits!.shape[0]!, 1];
    const parts: Tensor[] = [];
    if (dloss) parts.push(applyOp(crossEntropyBackwardOp, [logits!, labels!, logSumExp!, dloss], {})[0]!);
    if (dlogSumExp) parts.push(mul(exp(sub(logits!, reshape(logSumExp!, column))), reshape(dlogSumExp, column)));
    return [parts.length === 2 ? add(parts[0]!, parts[1]!) : parts[0]!, undefined];
  },
  reference([logits, labels], { inputTypes }) {
    const columns = inputTypes[0]!.shape[1]!;
    const logSumExp = Float64Array.from(labels!, (_, row) => logSumExpOf(rowOf(logits!, columns, row)));
    const loss = labels!.map((label, row) =>
      label === ignoredLabel ? 0 : logSumExp[row]! - logits![row * columns + label]!,
    );
    return [loss, logSumExp];
  },
  accumulation: ([logits]) => logits!.shape[1]!,
  cancelled(_, [, logSumExp], { inputTypes }) {
    const size = cancelledInLogSumExp(inputTypes[0]!, logSumExp!);
    return [size, size];
  },
  cost: ([logits]) => ({ flops: 4 * elementCount(logits!.shape) }),
  samples: () => lossSamples(),
});

/** Inputs logits [N, V], labels i32 [N], ln Σ e^x [N] and dloss [N]; output dlogits [N, V]. */
export const crossEntropyBackwardOp: OpDef<Attributes> = defineOp<Attributes>({
  id: "crossEntropyBackward",
  infer([logits, labels, logSumExp, dloss]) {
    expectLogits("crossEntropyBackward", logits!, labels!);
    expectShape("crossEntropyBackward", "logSumExp", logSumExp!, labels!.shape);
    expectShape("crossEntropyBackward", "dloss", dloss!, labels!.shape);
    return [tensorType(logits!.shape)];
  },
  reference([logits, labels, logSumExp, dloss], { inputTypes }) {
    const columns = inputTypes[0]!.shape[1]!;
    const dlogits = new Float64Array(logits!.length);
    labels!.forEach((label, row) => {
      if (label === ignoredLabel) return;
      for (let column = 0; column < columns; column++) {
        const probability = Math.exp(logits![row * columns + column]! - logSumExp![row]!);
        dlogits[row * columns + column] = (probability - (column === label ? 1 : 0)) * dloss![row]!;
      }
    });
    return [dlogits];
  },
  // e^(x - lse) of a label that the model is sure of is next to 1, which is taken off.
  cancelled: ([, , , dloss]) => [largestSize(dloss!)],
  cost: ([logits]) => ({ flops: 4 * elementCount(logits!.shape) }),
  inPlace: [{ input: 0, output: 0 }],
  samples: () =>
    lossSamples().map(({ name, inputs: [logits, labels] }) => {
      const [rows, columns] = logits!.type.shape as [number, number];
      const values = Float64Array.from(logits!.values);
      const totals = Array.from({ length: rows }, (_, row) => Math.fround(logSumExpOf(rowOf(values, columns, row))));
      return {
        name,
        inputs: [logits!, labels!, exactFloats([rows], totals), floats(`${name} dloss`, [rows])],
        attributes: {},
      };
    }),
});

function lossSamples(): OpSample<Attributes>[] {
  const sample = (rows: number, columns: number): OpSample<Attributes> => ({
    name: `[${rows}, ${columns}]`,
    inputs: [floats("logits", [rows, columns], -3, 3), integers("labels", [rows], 0, columns)],
    attributes: {},
    differentiable: [0],
  });
  return [
    sample(3, 7),
    sample(1, 1),
    sample(5, 16),
    sample(4, 17),
    sample(2, 1031),
    sample(0, 5),
    // Not differentiable within the tolerance: e^(x - lse) loses what lse loses when it is rounded to f32.
    {
      name: "large logits",
      inputs: [floats("large logits", [3, 9], 900, 1000), integers("labels", [3], 0, 9)],
      attributes: {},
    },
    {
      name: "ignored rows",
      inputs: [floats("ignored", [4, 6]), exactIntegers([4], [ignoredLabel, 2, ignoredLabel, 5])],
      attributes: {},
      differentiable: [0],
    },
    {
      name: "NaN in a trained and in an ignored row",
      inputs: [exactFloats([3, 2], [Number.NaN, 1, Number.NaN, 1, 0.5, 1]), exactIntegers([3], [1, ignoredLabel, 0])],
      attributes: {},
    },
  ];
}

/**
 * Negative log-likelihood of labels, one a row.
 *
 * @param logits - [N, V]
 * @param labels - i32 [N], each in [0, V), or -100 for a row without a loss
 * @returns loss [N], 0 in rows without one, and ln Σ e^logits [N]
 * @throws AttuneError `SHAPE_MISMATCH` or `DTYPE_MISMATCH` for other operands
 */
export function crossEntropy(logits: Tensor, labels: Tensor): readonly [loss: Tensor, logSumExp: Tensor] {
  const [loss, logSumExp] = applyOp(crossEntropyOp, [logits, labels], {});
  return [loss!, logSumExp!];
}
