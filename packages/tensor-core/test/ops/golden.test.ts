import { describe, expect, it } from "vitest";
import { gradients } from "../../src/graph/gradients.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { Trace } from "../../src/graph/trace.ts";
import * as ops from "../../src/ops/index.ts";
import { interpretGraph } from "../../src/runtime/interpret-graph.ts";
import { tensorType } from "../../src/type/tensor-type.ts";
import { type FixtureCase, type FixtureTensor, readFixture } from "./read-fixture.ts";

type Leaf = (name: string, shape?: readonly number[]) => Tensor;

/** Relative error that float64 leaves after a few hundred roundings in another order. */
const precision = 1e-11;

/** Compares y and every gradient d<input> of Σ y · dy that the fixture holds with those of a traced function. */
function checkGolden(
  { tensors }: FixtureCase,
  build: (leaf: Leaf) => Tensor,
  extra: Readonly<Record<string, FixtureTensor>> = {},
): void {
  const trace = new Trace();
  const given = new Map([...tensors, ...Object.entries(extra)]);
  const leaf: Leaf = (name) => {
    const { shape, dtype } = given.get(name)!;
    return trace.input(name, tensorType(shape, dtype));
  };
  const y = build(leaf);
  const names = [...tensors.keys()].flatMap((key) =>
    key.startsWith("d") && tensors.has(key.slice(1)) && key !== "dy" ? [key.slice(1)] : [],
  );
  const loss = ops.sum(ops.mul(y, ops.reshape(leaf("dy"), y.shape)));
  const found = gradients(
    loss,
    names.map((name) => leaf(name)),
  );
  const values = interpretGraph(trace.finish(), (value) => given.get((value.leaf as { name: string }).name)!.values);
  expectClose(values.get(y.id)!, tensors.get("y")!.values);
  expect(names.length).toBeGreaterThan(0);
  names.forEach((name, index) => {
    expectClose(values.get(found[index]!.id)!, tensors.get(`d${name}`)!.values);
  });
}

function expectClose(actual: Float64Array, golden: Float64Array): void {
  expect(actual.length).toBe(golden.length);
  const scale = golden.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = golden.reduce((most, value, index) => Math.max(most, Math.abs(value - actual[index]!)), 0);
  expect(worst).toBeLessThanOrEqual(precision * scale);
}

function goldenCases(
  name: string,
  build: (leaf: Leaf, attributes: FixtureCase["attributes"], each: FixtureCase) => Tensor,
): void {
  describe(`${name} of PyTorch`, () => {
    it.each(readFixture(name).map((each) => [each.name, each] as const))("%s", (_, each) => {
      checkGolden(each, (leaf) => build(leaf, each.attributes, each));
    });
  });
}

const functions: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  gelu_erf: ops.gelu,
  gelu_tanh: ops.geluTanh,
  silu: ops.silu,
  relu: ops.relu,
  sigmoid: ops.sigmoid,
  tanh: ops.tanh,
  softplus: ops.softplus,
  erf: ops.erf,
  "exp(x / 8)": (x) => ops.exp(ops.mul(x, 1 / 8)),
  softmax: ops.softmax,
  log_softmax: ops.logSoftmax,
};

goldenCases("activations", (leaf, attributes) => functions[attributes["function"] as string]!(leaf("x")));
goldenCases("softmax", (leaf, attributes) => functions[attributes["function"] as string]!(leaf("x")));
goldenCases("rms-norm", (leaf, { eps }) => ops.rmsNorm(leaf("x"), leaf("weight"), { epsilon: eps as number }));
goldenCases("layer-norm", (leaf, { eps }) =>
  ops.layerNorm(leaf("x"), leaf("weight"), leaf("bias"), { epsilon: eps as number }),
);
goldenCases("embedding", (leaf) => ops.embedding(leaf("ids"), leaf("weight")));
goldenCases("linear", (leaf, _, { tensors }) =>
  ops.linear(leaf(tensors.has("x") ? "x" : "input"), leaf("weight"), tensors.has("bias") ? { bias: leaf("bias") } : {}),
);
goldenCases("cross-entropy", (leaf, { reduction, counted }) => {
  const [loss] = ops.crossEntropy(leaf("x"), leaf("labels"));
  const total = ops.sum(loss, { axes: [0], keepDims: true });
  return reduction === "mean" ? ops.div(total, counted as number) : total;
});

/** Heads before positions, as PyTorch has them, to positions before heads and back. */
const swap = (x: Tensor): Tensor => ops.transpose(x, [0, 2, 1, 3]);

goldenCases("attention", (leaf, { causal, scale, window, softcap }, { tensors }) => {
  const operand = (option: string, name: string): Record<string, Tensor> =>
    tensors.has(name) ? { [option]: leaf(name) } : {};
  const operands = { q: swap(leaf("q")), k: swap(leaf("k")), v: swap(leaf("v")) };
  return swap(
    ops.attention(operands, {
      causal: causal as boolean,
      scale: scale as number,
      window: (window as number | undefined) ?? 0,
      softcap: (softcap as number | undefined) ?? 0,
      ...operand("queryDocuments", "documents"),
      ...operand("keyDocuments", "documents"),
      ...operand("lengths", "lengths"),
      ...operand("alibi", "slopes"),
      ...operand("sinks", "sinks"),
    }),
  );
});

describe("rope of PyTorch", () => {
  it.each(readFixture("rope").map((each) => [each.name, each] as const))("%s", (_, each) => {
    const scaling = each.attributes["scaling"] as number;
    const frequencies = each.tensors.get("inverse_frequencies")!.values;
    const rows = Math.max(...each.tensors.get("positions")!.values) + 1;
    const table = (turn: (angle: number) => number): FixtureTensor => ({
      shape: [rows, frequencies.length],
      dtype: "f32",
      values: Float64Array.from({ length: rows * frequencies.length }, (_value, index) => {
        const position = Math.floor(index / frequencies.length);
        return scaling * turn(position * frequencies[index % frequencies.length]!);
      }),
    });
    const tables = { cos: table(Math.cos), sin: table(Math.sin) };
    checkGolden(each, (leaf) => swap(ops.rope(swap(leaf("x")), leaf("positions"), leaf("cos"), leaf("sin"))), tables);
  });
});

describe("clip-global-norm of PyTorch", () => {
  it.each(readFixture("clip-global-norm").map((each) => [each.name, each] as const))(
    "%s",
    (_, { attributes, tensors }) => {
      const trace = new Trace();
      const parts = ["a", "b", "c"].map((name) => trace.input(name, tensorType(tensors.get(name)!.shape)));
      const norm = ops.sqrt(parts.map((part) => ops.sumOfSquares(part)).reduce((total, part) => ops.add(total, part)));
      const coefficient = ops.minimum(ops.div(attributes["max_norm"] as number, ops.add(norm, 1e-6)), 1);
      const clipped = parts.map((part) => ops.mul(part, coefficient));
      const values = interpretGraph(
        trace.finish(),
        (value) => tensors.get((value.leaf as { name: string }).name)!.values,
      );
      expectClose(values.get(norm.id)!, tensors.get("norm")!.values);
      ["a", "b", "c"].forEach((name, index) => {
        expectClose(values.get(clipped[index]!.id)!, tensors.get(`clipped_${name}`)!.values);
      });
    },
  );
});

/** Ten steps of an optimizer op on the fixture's gradients, against the parameters after each. */
function checkSteps(
  { attributes, tensors }: FixtureCase,
  op: "adamw" | "sgd",
  slots: readonly string[],
  hyper: (step: number, rate: number) => readonly number[],
  nesterov = false,
): void {
  const { shape, values } = tensors.get("gradients")!;
  const count = shape[1]! * shape[2]!;
  const vector = tensorType([count]);
  let state = [tensors.get("start")!.values, ...slots.map(() => new Float64Array(count))];
  const optimizer = op === "adamw" ? ops.adamwOp : ops.sgdOp;
  const segments = [[0, count, 0]] as const;
  for (let step = 1; step <= shape[0]!; step++) {
    const gradient = values.slice((step - 1) * count, step * count);
    const rate = (attributes["learning_rates"] as number[])[step - 1]!;
    const inputs = [state[0]!, gradient, ...state.slice(1), Float64Array.from(hyper(step, rate)), Float64Array.of(1)];
    const inputTypes = [vector, vector, ...slots.map(() => vector), tensorType([1, 8]), tensorType([1])];
    const context = { attributes: { segments, nesterov }, inputTypes, outputTypes: [] };
    state = [...optimizer.reference!(inputs, context)];
    expectClose(state[0]!, tensors.get("after")!.values.slice((step - 1) * count, step * count));
  }
  slots.forEach((slot, index) => {
    if (tensors.has(slot)) expectClose(state[index + 1]!, tensors.get(slot)!.values);
  });
}

describe("adamw of PyTorch", () => {
  it.each(readFixture("adamw").map((each) => [each.name, each] as const))("%s", (_, each) => {
    const [beta1, beta2] = each.attributes["betas"] as [number, number];
    const { eps, weight_decay } = each.attributes as { eps: number; weight_decay: number };
    checkSteps(each, "adamw", ["first_moment", "second_moment"], (step, rate) => [
      rate,
      beta1,
      beta2,
      eps,
      weight_decay,
      1 - beta1 ** step,
      1 - beta2 ** step,
      1,
    ]);
  });
});

describe("sgd of PyTorch", () => {
  it.each(readFixture("sgd").map((each) => [each.name, each] as const))("%s", (_, each) => {
    const {
      momentum = 0,
      dampening = 0,
      weight_decay = 0,
      nesterov = false,
    } = each.attributes as Record<string, number> & { nesterov?: boolean };
    checkSteps(
      each,
      "sgd",
      ["momentum_buffer"],
      (step, rate) => [rate, momentum, dampening, weight_decay, step === 1 ? 1 : 0, 0, 0, 1],
      nesterov,
    );
  });
});
