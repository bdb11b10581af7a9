// What a random program may do with a tensor. Functions with kinks (relu, max) are left out: next to a kink, one rounding
// changes a gradient by more than any bound.
import {
  add,
  attention,
  batchedMatmul,
  bfloat16,
  broadcastTo,
  concat,
  cos,
  crossEntropy,
  div,
  dropout,
  elementCount,
  embedding,
  float16,
  gatherRows,
  gelu,
  geluTanh,
  layerNorm,
  less,
  linear,
  logSoftmax,
  logSumExp,
  matmul,
  mean,
  mul,
  pad,
  reshape,
  rmsNorm,
  rope,
  scatterRows,
  sigmoid,
  silu,
  sin,
  slice,
  softmax,
  softplus,
  split,
  square,
  sub,
  sum,
  type Tensor,
  tanh,
  transpose,
  where,
} from "@attune/tensor-core";
import type { RandomLeaves } from "./random-leaves.ts";

/** One step of a random program; undefined where it does not fit the tensor's shape. */
type RandomStep = (x: Tensor, leaves: RandomLeaves) => Tensor | undefined;

/** Sizes around vectors and tiles, primes, one, and sometimes none. */
const sizes = [1, 2, 3, 5, 7, 8, 9, 13, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 129];
const largestCount = 40_000;

/** A size of an axis. */
export const randomSize = (leaves: RandomLeaves): number => leaves.choose(sizes);

const last = (x: Tensor): number => x.shape.at(-1)!;
const isEmpty = (x: Tensor): boolean => x.shape.includes(0);
const rowsOf = (x: Tensor): number => elementCount(x.shape.slice(0, -1));
const asRows = (x: Tensor): Tensor => reshape(x, [rowsOf(x), last(x)]);
const axisOf = (x: Tensor, { random }: RandomLeaves): number => random.integer(x.shape.length);

/** Shape of another operand that broadcasts with x: some axes of one element, some leading axes left out. */
function operandShape(x: Tensor, leaves: RandomLeaves): number[] {
  const shape = x.shape.map((size) => (leaves.random.integer(3) === 0 ? 1 : size));
  return shape.slice(leaves.random.integer(x.shape.length));
}
const operand = (x: Tensor, leaves: RandomLeaves): Tensor => leaves.floats(operandShape(x, leaves));
const constant = (x: Tensor, leaves: RandomLeaves): Tensor => leaves.constants(operandShape(x, leaves));

const pointwiseSteps: Readonly<Record<string, RandomStep>> = {
  unary: (x, { choose }) => choose([tanh, sigmoid, silu, gelu, geluTanh, sin, cos, softplus])(x),
  add: (x, leaves) => add(operand(x, leaves), x),
  sub: (x, leaves) => sub(operand(x, leaves), x),
  mul: (x, leaves) => mul(x, operand(x, leaves)),
  mulBySelf: (x) => mul(x, tanh(x)),
  div: (x, leaves) => div(x, add(square(operand(x, leaves)), 1)),
  where: (x, leaves) => where(less(constant(x, leaves), constant(x, leaves)), x, operand(x, leaves)),
  dropout: (x, leaves) => dropout(x, leaves.words("u32", [leaves.random.integer(99), 1, 0, 0]), { rate: 0.3 }),
};

const viewSteps: Readonly<Record<string, RandomStep>> = {
  transpose: (x, { random }) => {
    const axes = x.shape.map((_, axis) => axis);
    for (let end = axes.length - 1; end > 0; end--) {
      const other = random.integer(end + 1);
      [axes[end], axes[other]] = [axes[other]!, axes[end]!];
    }
    return transpose(x, axes);
  },
  mergeAxes: (x) => (x.shape.length < 2 ? undefined : reshape(x, [x.shape[0]! * x.shape[1]!, ...x.shape.slice(2)])),
  splitAxis: (x) =>
    last(x) % 2 === 0 && x.shape.length < 4 ? reshape(x, [...x.shape.slice(0, -1), 2, last(x) / 2]) : undefined,
  slice: (x, leaves) => {
    const axis = axisOf(x, leaves);
    const size = x.shape[axis]!;
    const start = leaves.random.integer(size + 1);
    return slice(x, { axis, start, length: leaves.random.integer(size - start + 1) });
  },
  pad: (x, leaves) => pad(x, { axis: axisOf(x, leaves), before: leaves.random.integer(4), after: 1 }),
  concat: (x, leaves) => {
    const axis = axisOf(x, leaves);
    return concat([x, leaves.floats(x.shape.with(axis, leaves.choose([1, 3]))), x], axis);
  },
  splitAndSwap: (x, leaves) => {
    const axis = axisOf(x, leaves);
    const first = leaves.random.integer(x.shape[axis]! + 1);
    const [left, right] = split(x, { axis, sizes: [first, x.shape[axis]! - first] });
    return concat([right!, left!], axis);
  },
  broadcast: (x, { choose }) => (x.shape.length < 4 ? broadcastTo(x, [choose([1, 2, 3]), ...x.shape]) : undefined),
};

const reduceSteps: Readonly<Record<string, RandomStep>> = {
  sum: (x, leaves) =>
    sum(x, { axes: [axisOf(x, leaves)], keepDims: leaves.choose([true, false]) || x.shape.length < 2 }),
  mean: (x, leaves) => (isEmpty(x) ? undefined : mean(x, { axes: [axisOf(x, leaves)], keepDims: true })),
  softmax: (x) => (isEmpty(x) ? undefined : softmax(x)),
  logSoftmax: (x) => (isEmpty(x) ? undefined : logSoftmax(x)),
  logSumExp: (x) => (isEmpty(x) || x.shape.length < 2 ? undefined : logSumExp(x)),
  rmsNorm: (x, { floats }) => (last(x) === 0 ? undefined : rmsNorm(x, floats([last(x)]), { epsilon: 0.1 })),
  layerNorm: (x, { floats }) =>
    last(x) === 0 ? undefined : layerNorm(x, floats([last(x)]), floats([last(x)]), { epsilon: 0.1 }),
  crossEntropy: (x, { integers }) =>
    isEmpty(x) || last(x) < 2 ? undefined : crossEntropy(asRows(x), integers([rowsOf(x)], last(x)))[0],
};

const productSteps: Readonly<Record<string, RandomStep>> = {
  linear: (x, leaves) => {
    const { choose, floats } = leaves;
    const outputs = randomSize(leaves);
    const y = linear(x, floats([outputs, last(x)], choose([undefined, bfloat16, float16])), {
      bias: floats([outputs]),
      activation: choose(["", "silu", "gelu"] as const),
    });
    return choose([true, false]) ? add(y, floats(y.shape)) : y;
  },
  matmul: (x, leaves) => {
    const [a, n] = [asRows(x), randomSize(leaves)];
    const [transposeA, transposeB] = [leaves.choose([true, false]), leaves.choose([true, false])];
    const k = a.shape[transposeA ? 0 : 1]!;
    return matmul(a, leaves.floats(transposeB ? [n, k] : [k, n]), { transposeA, transposeB });
  },
  batchedMatmul: (x, leaves) => {
    if (x.shape.length < 3) return undefined;
    const transposeB = leaves.choose([true, false]);
    const inner = transposeB ? [randomSize(leaves), last(x)] : [last(x), randomSize(leaves)];
    const batch = elementCount(x.shape.slice(0, -2));
    const a = reshape(x, [batch, x.shape.at(-2)!, last(x)]);
    return batchedMatmul(a, leaves.floats([batch, ...inner]), { transposeB });
  },
  gatherRows: (x, leaves) => {
    const rows = asRows(x);
    return rows.shape[0] === 0 ? undefined : gatherRows(rows, leaves.integers([randomSize(leaves)], rows.shape[0]!));
  },
  scatterRows: (x, leaves) => {
    const rows = asRows(x);
    return rows.shape[0]! < 2 ? undefined : scatterRows(rows, leaves.words("i32", [1]), leaves.floats([1, last(x)]));
  },
  embedding: (x, leaves) => {
    const table = asRows(x);
    return table.shape[0] === 0
      ? undefined
      : embedding(leaves.integers([3, randomSize(leaves)], table.shape[0]!), table);
  },
  rope: (x, leaves) => {
    if (isEmpty(x) || x.shape.length !== 4 || last(x) % 2 !== 0) return undefined;
    const [batch, length] = x.shape as [number, number, number, number];
    const table = [17, last(x) / 2];
    const options = { interleaved: leaves.choose([true, false]) };
    return rope(x, leaves.integers([batch, length], 17), leaves.constants(table), leaves.constants(table), options);
  },
  attention: (x, leaves) => {
    const length = rowsOf(x);
    if (isEmpty(x) || length < 5 || length > 129) return undefined;
    const [heads, shared, size] = leaves.choose([
      [2, 1, 8],
      [3, 3, 5],
      [4, 2, 16],
    ] as const);
    const project = (count: number): Tensor =>
      reshape(linear(asRows(x), leaves.floats([count * size, last(x)])), [1, length, count, size]);
    const documents = leaves.choose([true, false]) ? leaves.integers([1, length], 2) : undefined;
    return attention(
      { q: project(heads), k: project(shared), v: project(shared) },
      {
        causal: leaves.choose([true, false]),
        softcap: leaves.choose([0, 3]),
        ...(documents && { queryDocuments: documents, keyDocuments: documents }),
      },
    );
  },
};

const steps: readonly (readonly [name: string, step: RandomStep])[] = [
  pointwiseSteps,
  viewSteps,
  reduceSteps,
  productSteps,
].flatMap((group) => Object.entries(group));

/** Takes a random step that fits and does not grow the tensor beyond a size; gives its name. */
export function takeRandomStep(x: Tensor, leaves: RandomLeaves): readonly [name: string, y: Tensor] {
  for (;;) {
    const [name, step] = leaves.choose(steps);
    const before = leaves.made.length;
    const y = step(x, leaves);
    if (y !== undefined && y.shape.length > 0 && elementCount(y.shape) <= largestCount) return [name, y];
    leaves.abandon(before);
  }
}
