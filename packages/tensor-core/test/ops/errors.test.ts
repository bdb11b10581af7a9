import { AttuneError } from "@attune/spec";
import { describe, expect, it } from "vitest";
import { gradients } from "../../src/graph/gradients.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { Trace } from "../../src/graph/trace.ts";
import * as ops from "../../src/ops/index.ts";
import type { DType } from "../../src/type/dtype.ts";
import { tensorType } from "../../src/type/tensor-type.ts";

const trace = new Trace();
let next = 0;
const tensor = (shape: readonly number[], dtype: DType = "f32"): Tensor =>
  trace.input(`${next++}`, tensorType(shape, dtype));

const cases: readonly (readonly [string, () => unknown, string, RegExp])[] = [
  [
    "shapes that do not broadcast",
    () => ops.add(tensor([2, 3]), tensor([4])),
    "SHAPE_MISMATCH",
    /"pointwise": shapes \[2, 3\] and \[4\] do not broadcast/,
  ],
  ["operands of two dtypes", () => ops.add(tensor([2]), tensor([2], "i32")), "DTYPE_MISMATCH", /f32\[2\] and i32\[2\]/],
  ["numbers without a tensor", () => ops.add(1, 2), "INPUT_INVALID", /at least one tensor/],
  [
    "another inner axis",
    () => ops.linear(tensor([2, 3]), tensor([5, 4])),
    "SHAPE_MISMATCH",
    /f32\[2, 3\] and f32\[5, 4\] share no inner axis: 3 against 4/,
  ],
  [
    "a bias of another size",
    () => ops.linear(tensor([2, 3]), tensor([5, 3]), { bias: tensor([4]) }),
    "SHAPE_MISMATCH",
    /bias of shape \[5\]/,
  ],
  [
    "an unknown activation",
    () => ops.linear(tensor([2, 3]), tensor([5, 3]), { activation: "elu" as never }),
    "OPTIONS_INVALID",
    /relu, silu, gelu, geluTanh, got "elu"/,
  ],
  [
    "another element count",
    () => ops.reshape(tensor([2, 3]), [4, 2]),
    "SHAPE_MISMATCH",
    /6 elements and cannot become \[4, 2\]/,
  ],
  [
    "a range outside the axis",
    () => ops.slice(tensor([4, 2]), { axis: 0, start: 3, length: 2 }),
    "SHAPE_MISMATCH",
    /from 3 to 5 is outside axis 0/,
  ],
  [
    "parts that do not add up",
    () => ops.split(tensor([4]), { axis: 0, sizes: [1, 2] }),
    "SHAPE_MISMATCH",
    /\[1, 2\] do not add up/,
  ],
  [
    "parts that differ beside the axis",
    () => ops.concat([tensor([2, 3]), tensor([2, 4])], 0),
    "SHAPE_MISMATCH",
    /differ beside axis 0/,
  ],
  ["no permutation", () => ops.transpose(tensor([2, 3]), [0, 0]), "SHAPE_MISMATCH", /no permutation/],
  [
    "an axis that is not there",
    () => ops.sum(tensor([2, 3]), { axes: [2] }),
    "SHAPE_MISMATCH",
    /axis 2 is outside a tensor of 2 axes/,
  ],
  ["a maximum of nothing", () => ops.max(tensor([2, 0]), { axes: [1] }), "SHAPE_MISMATCH", /no maximum/],
  ["softmax of an empty axis", () => ops.softmax(tensor([2, 0])), "SHAPE_MISMATCH", /elements along its last axis/],
  ["ids that are no integers", () => ops.embedding(tensor([2]), tensor([4, 3])), "DTYPE_MISMATCH", /ids of dtype i32/],
  [
    "a weight of another width",
    () => ops.rmsNorm(tensor([2, 3]), tensor([4]), { epsilon: 1e-5 }),
    "SHAPE_MISMATCH",
    /weight of shape \[3\]/,
  ],
  [
    "tables wider than a head",
    () => ops.rope(tensor([1, 2, 1, 4]), tensor([1, 2], "i32"), tensor([8, 3]), tensor([8, 3])),
    "SHAPE_MISMATCH",
    /3 angles turn more elements/,
  ],
  [
    "labels of another count",
    () => ops.crossEntropy(tensor([3, 5]), tensor([2], "i32")),
    "SHAPE_MISMATCH",
    /labels of shape \[3\]/,
  ],
  [
    "a rate of one",
    () => ops.dropout(tensor([3]), tensor([4], "u32"), { rate: 1 }),
    "OPTIONS_INVALID",
    /at least 0 and below 1, got 1/,
  ],
  [
    "heads in no groups",
    () => ops.attention({ q: tensor([1, 2, 3, 4]), k: tensor([1, 2, 2, 4]), v: tensor([1, 2, 2, 4]) }),
    "SHAPE_MISMATCH",
    /whole groups of heads/,
  ],
  [
    "documents of queries alone",
    () => {
      const [q, k] = [tensor([1, 2, 2, 4]), tensor([1, 2, 2, 4])];
      return ops.attention({ q, k, v: k }, { queryDocuments: tensor([1, 2], "i32") });
    },
    "INPUT_INVALID",
    /given together or not at all/,
  ],
  [
    "segments that overlap",
    () => {
      const flat = tensor([8]);
      const operands = {
        parameters: flat,
        gradient: flat,
        firstMoment: flat,
        secondMoment: flat,
        hyper: tensor([1, 8]),
        apply: tensor([1]),
      };
      return ops.adamw(operands, {
        segments: [
          [0, 5, 0],
          [4, 4, 0],
        ],
      });
    },
    "SHAPE_MISMATCH",
    /segment \[4, 4, 0\] overlaps/,
  ],
  [
    "a gradient through the log-sum-exp of attention",
    () => {
      const q = tensor([1, 2, 1, 2]);
      const [, lse] = trace.apply(ops.attentionOp as never, [q, q, q], {
        causal: true,
        scale: 1,
        window: 0,
        softcap: 0,
        extras: [],
      });
      return gradients(ops.sum(lse!), [q]);
    },
    "INPUT_INVALID",
    /"attention": no gradient is defined through its output logSumExp/,
  ],
];

describe("an op that is given what it cannot take says so", () => {
  it.each(cases)("%s", (_, build, code, sentence) => {
    const error = caught(build);
    expect(AttuneError.is(error) && error.code).toBe(code);
    expect((error as Error).message).toMatch(sentence);
  });
});

function caught(build: () => unknown): unknown {
  try {
    build();
  } catch (error) {
    return error;
  }
  return undefined;
}
