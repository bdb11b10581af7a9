import { describe, expect, it } from "vitest";
import { Trace } from "../../src/graph/trace.ts";
import * as ops from "../../src/ops/index.ts";
import { interpretGraph } from "../../src/runtime/interpret-graph.ts";
import { tensorType } from "../../src/type/tensor-type.ts";

/** Values of a function of one tensor. */
function evaluate(
  shape: readonly number[],
  values: readonly number[],
  build: (x: ReturnType<Trace["input"]>) => ReturnType<Trace["input"]>,
): { shape: readonly number[]; values: number[] } {
  const trace = new Trace();
  const result = build(trace.input("x", tensorType(shape)));
  const found = interpretGraph(trace.finish(), () => Float64Array.from(values));
  return { shape: result.shape, values: [...(found.get(result.id) ?? values)] };
}

describe("views and movements", () => {
  const six = [1, 2, 3, 4, 5, 6];

  it("transpose, pad, slice and concat put elements where they say", () => {
    expect(evaluate([2, 3], six, (x) => ops.transpose(x, [1, 0]))).toEqual({
      shape: [3, 2],
      values: [1, 4, 2, 5, 3, 6],
    });
    expect(evaluate([2, 3], six, (x) => ops.pad(x, { axis: 1, before: 1, after: 0 })).values).toEqual([
      0, 1, 2, 3, 0, 4, 5, 6,
    ]);
    expect(evaluate([2, 3], six, (x) => ops.slice(x, { axis: -1, start: 1, length: 2 })).values).toEqual([2, 3, 5, 6]);
    expect(
      evaluate([2, 3], six, (x) => ops.concat(ops.split(x, { axis: 1, sizes: [1, 2] }).reverse(), 1)).values,
    ).toEqual([2, 3, 1, 5, 6, 4]);
  });

  it("reshape works out one size", () => {
    expect(evaluate([2, 3], six, (x) => ops.reshape(x, [-1, 2])).shape).toEqual([3, 2]);
  });

  it("reductions, broadcasting and its undoing", () => {
    expect(evaluate([2, 3], six, (x) => ops.sum(x, { axes: [0] }))).toEqual({ shape: [3], values: [5, 7, 9] });
    expect(evaluate([2, 3], six, (x) => ops.mean(x)).values).toEqual([3.5]);
    expect(evaluate([2, 3], six, (x) => ops.max(x, { axes: [1], keepDims: true }))).toEqual({
      shape: [2, 1],
      values: [3, 6],
    });
    expect(evaluate([2, 3], six, (x) => ops.sumTo(x, [1, 3])).values).toEqual([5, 7, 9]);
    expect(evaluate([3], [1, 2, 3], (x) => ops.broadcastTo(x, [2, 3])).values).toEqual([1, 2, 3, 1, 2, 3]);
    expect(evaluate([2], [3, 4], (x) => ops.l2Norm(x)).values).toEqual([5]);
  });
});

describe("pointwise", () => {
  it("binds an operand once and leaves out those that are not read", () => {
    const trace = new Trace();
    const [x, y] = [trace.input("x", tensorType([3])), trace.input("y", tensorType([3]))];
    ops.square(x);
    ops.pointwise([x, y], { kind: "call", name: "exp", arguments: [{ kind: "input", index: 1 }] });
    expect(trace.nodes.map((node) => node.inputs)).toEqual([[x.id], [y.id]]);
  });

  it("cuts towards zero into integers, and limits to their range", () => {
    expect(
      evaluate([5], [-2.7, 2.7, 1e12, -1e12, Number.NaN], (x) => ops.cast(x, "i32")).values.map((value) => value + 0),
    ).toEqual([-2, 2, 2 ** 31 - 1, -(2 ** 31), 0]);
    expect(evaluate([2], [-2, 5e9], (x) => ops.cast(x, "u32")).values).toEqual([0, 2 ** 32 - 1]);
  });
});

describe("aliases", () => {
  it("are ranges of the input where everything before the axis has one element", () => {
    const matrix = tensorType([4, 6]);
    expect(ops.sliceOp.alias!([matrix], { axis: 0, start: 1, length: 2 })).toEqual([6]);
    expect(ops.sliceOp.alias!([matrix], { axis: 1, start: 1, length: 2 })).toBeUndefined();
    expect(ops.splitOp.alias!([matrix], { axis: 0, sizes: [1, 3] })).toEqual([0, 6]);
    expect(ops.splitOp.alias!([tensorType([1, 6])], { axis: 1, sizes: [2, 4] })).toEqual([0, 2]);
  });
});
