// The three ops that are each other's gradients. Every elementwise function is the op "pointwise": scalar expressions over
// broadcast inputs. Fusion joins their expressions; the gradient is the symbolic derivative times the cotangent, summed over
// the axes that an input was repeated along ("sum"), and the gradient of a sum is a repetition ("broadcastTo").
import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { largestSize } from "../../op-def/largest-size.ts";
import { defineOp, type OpDef } from "../../op-def/op-def.ts";
import {
  call,
  constant,
  differentiate,
  evaluateExpression,
  expressionSize,
  input,
  type ScalarExpression,
  substitute,
} from "../../op-def/scalar-expression.ts";
import type { DType } from "../../type/dtype.ts";
import { elementCount, sameShape, tensorType } from "../../type/tensor-type.ts";
import { shapeMismatch } from "../checks.ts";
import { fill } from "../create/fill.ts";
import { reduceSamples } from "../reduce/reduce-samples.ts";
import { fold, keptShape, type ReduceAttributes, reducedCount, reducedShape } from "../reduce/reduce-values.ts";
import { reshape } from "../shape/reshape.ts";
import { broadcastIndices, broadcastShapes } from "./broadcast.ts";
import { broadcastToSamples } from "./broadcast-samples.ts";
import { pointwiseSamples } from "./pointwise-samples.ts";

/** One expression and one dtype an output. */
export type PointwiseAttributes = {
  readonly expressions: readonly ScalarExpression[];
  readonly dtypes: readonly DType[];
};

/** Any of the first inputs may be overwritten, if it is as large as the output: elements are read before they are written. */
const maxInPlaceInputs = 8;

/**
 * Scalar expressions of broadcast inputs. An i32 or u32 output is its expression's value cut towards zero, limited to the
 * dtype's range, 0 for NaN.
 */
export const pointwiseOp: OpDef<PointwiseAttributes> = defineOp<PointwiseAttributes>({
  id: "pointwise",
  infer(inputs, { dtypes }) {
    const shape = broadcastShapes(
      "pointwise",
      inputs.map((type) => type.shape),
    );
    return dtypes.map((dtype) => tensorType(shape, dtype));
  },
  vjp({ inputs, cotangents, needed, attributes }) {
    const arrived = attributes.expressions.flatMap((expression, output) => {
      const cotangent = attributes.dtypes[output] === "f32" ? cotangents[output] : undefined;
      return cotangent === undefined ? [] : [{ expression, cotangent }];
    });
    const operands = [...inputs, ...arrived.map(({ cotangent }) => cotangent)];
    return inputs.map((tensor, index) => {
      if (!needed[index] || tensor.type.dtype !== "f32") return undefined;
      const total = arrived.reduce<ScalarExpression>((sum, { expression }, position) => {
        const partial = call("mul", differentiate(expression, index), input(inputs.length + position));
        return call("add", sum, partial);
      }, constant(0));
      if (total.kind === "constant" && total.value === 0) return undefined;
      return sumTo(pointwise(operands, total), tensor.shape);
    });
  },
  reference(inputs, { attributes, inputTypes, outputTypes }) {
    const shape = outputTypes[0]!.shape;
    const indices = inputTypes.map((type) => broadcastIndices(type.shape, shape));
    const outputs = attributes.expressions.map(() => new Float64Array(elementCount(shape)));
    const place = new Array<number>(inputs.length).fill(0);
    for (let index = 0; index < elementCount(shape); index++) {
      for (let operand = 0; operand < inputs.length; operand++)
        place[operand] = inputs[operand]![indices[operand]![index]!]!;
      attributes.expressions.forEach((expression, output) => {
        outputs[output]![index] = toDtype(evaluateExpression(expression, place), attributes.dtypes[output]!);
      });
    }
    return outputs;
  },
  pointwise: ({ expressions }) => expressions,
  accumulation: (_, { expressions }) => Math.max(1, ...expressions.map((expression) => expressionSize(expression))),
  cost(_, outputs, { expressions }) {
    const size = expressions.reduce((sum, expression) => sum + expressionSize(expression), 0);
    return { flops: size * elementCount(outputs[0]!.shape) };
  },
  inPlace: Array.from({ length: maxInPlaceInputs }, (_, index) => ({ input: index, output: 0 })),
  samples: pointwiseSamples,
});

function toDtype(value: number, dtype: DType): number {
  if (dtype === "f32") return value;
  if (Number.isNaN(value)) return 0;
  const [low, high] = dtype === "i32" ? [-(2 ** 31), 2 ** 31 - 1] : [0, 2 ** 32 - 1];
  return Math.min(Math.max(Math.trunc(value), low), high);
}

/**
 * Applies one scalar expression to tensors, broadcast against each other. Operands that the expression does not read are
 * not bound, and equal operands are bound once.
 *
 * @param dtype - of the result
 */
export function pointwise(tensors: readonly Tensor[], expression: ScalarExpression, dtype: DType = "f32"): Tensor {
  const shape = broadcastShapes(
    "pointwise",
    tensors.map((tensor) => tensor.shape),
  );
  if (expression.kind === "constant") return fill(tensors[0]!.host, expression.value, shape, dtype);
  const read = inputsOf(expression);
  const used: Tensor[] = [];
  const renumbered = tensors.map((tensor, index) => {
    if (!read.has(index)) return input(index);
    const known = used.findIndex((other) => other.id === tensor.id && other.host === tensor.host);
    return input(known === -1 ? used.push(tensor) - 1 : known);
  });
  const [only] = used;
  const identity = expression.kind === "input" && only!.type.dtype === dtype && only!.type.format.id === dtype;
  const result = identity
    ? only!
    : applyOp(pointwiseOp, used, { expressions: [substitute(expression, renumbered)], dtypes: [dtype] })[0]!;
  return sameShape(result.shape, shape) ? result : broadcastTo(result, shape);
}

function inputsOf(expression: ScalarExpression, found: Set<number> = new Set()): Set<number> {
  if (expression.kind === "input") found.add(expression.index);
  if (expression.kind === "call") for (const part of expression.arguments) inputsOf(part, found);
  return found;
}

/** The shape that values are repeated to. */
export type BroadcastToAttributes = { readonly shape: readonly number[] };

/** Repeats values along axes of size 1 and along new leading axes. */
export const broadcastToOp: OpDef<BroadcastToAttributes> = defineOp<BroadcastToAttributes>({
  id: "broadcastTo",
  infer([x], { shape }) {
    if (!sameShape(broadcastShapes("broadcastTo", [x!.shape, shape]), shape)) {
      throw shapeMismatch("broadcastTo", `[${x!.shape.join(", ")}] does not broadcast to [${shape.join(", ")}].`);
    }
    return [tensorType(shape, x!.dtype)];
  },
  vjp: ({ inputs, cotangents }) => [sumTo(cotangents[0]!, inputs[0]!.shape)],
  reference([x], { inputTypes, attributes }) {
    return [Float64Array.from(broadcastIndices(inputTypes[0]!.shape, attributes.shape), (index) => x![index]!)];
  },
  cost: () => ({ flops: 0 }),
  samples: broadcastToSamples,
});

/** Sum over axes; 0 where there is nothing to add. */
export const sumOp: OpDef<ReduceAttributes> = defineOp<ReduceAttributes>({
  id: "sum",
  infer: ([x], attributes) => [tensorType(reducedShape("sum", x!.shape, attributes), x!.dtype)],
  vjp({ inputs, cotangents, attributes }) {
    const { shape } = inputs[0]!;
    return [broadcastTo(reshape(cotangents[0]!, keptShape(shape, attributes.axes)), shape)];
  },
  reference: ([x], { attributes, inputTypes }) => [fold(x!, inputTypes[0]!.shape, attributes.axes, 0, (a, b) => a + b)],
  accumulation: reducedCount,
  cancelled([x], _, { attributes, inputTypes }) {
    const sizes = fold(x!, inputTypes[0]!.shape, attributes.axes, 0, (total, value) => total + Math.abs(value));
    return inputTypes[0]!.dtype === "f32" ? [largestSize(sizes)] : [];
  },
  cost: ([x]) => ({ flops: elementCount(x!.shape) }),
  samples: () => reduceSamples(),
});

/**
 * Repeats `x` to a shape that it broadcasts to.
 *
 * @throws AttuneError `SHAPE_MISMATCH` where it does not
 */
export function broadcastTo(x: Tensor, shape: readonly number[]): Tensor {
  return sameShape(x.shape, shape) ? x : applyOp(broadcastToOp, [x], { shape })[0]!;
}

/**
 * Undoes a broadcast: adds the elements that came from the same element of `shape`.
 *
 * @throws AttuneError `SHAPE_MISMATCH` for a shape that does not broadcast to that of x
 */
export function sumTo(x: Tensor, shape: readonly number[]): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const padding = x.shape.length - shape.length;
  const axes = x.shape.flatMap((size, axis) => {
    const kept = axis < padding ? 1 : shape[axis - padding]!;
    if (axis >= padding && kept === size) return [];
    if (kept === 1) return [axis];
    throw shapeMismatch("sumTo", `[${x.shape.join(", ")}] is no broadcast of [${shape.join(", ")}].`);
  });
  return reshape(axes.length === 0 ? x : applyOp(sumOp, [x], { axes, keepDims: false })[0]!, shape);
}
