// y = activation(op(a) · op(b) + bias) + residual, where op transposes if asked. One op for `linear` (b is a weight [N, K]),
// `matmul` and both of their gradients, so one packed kernel serves all. b, the weight, may be stored in any format.
import { AttuneError, checkOptionKeys } from "@attune/spec";
import { applyOp, type Tensor } from "../../graph/tensor.ts";
import { defineOp, type OpDef } from "../../op-def/op-def.ts";
import { differentiate, evaluateExpression, type ScalarExpression } from "../../op-def/scalar-expression.ts";
import { elementCount, formatType, type TensorType, tensorType } from "../../type/tensor-type.ts";
import { expectDtype, expectMinimumRank, expectShape, shapeMismatch } from "../checks.ts";
import { activationExpression, activationExpressions } from "../pointwise/activations.ts";
import { add, mul } from "../pointwise/elementwise.ts";
import { pointwise } from "../pointwise/pointwise.ts";
import { sum } from "../reduce/reduce.ts";
import { reshape } from "../shape/reshape.ts";
import { linearSamples } from "./linear-samples.ts";
import { multiplyInto } from "./matrix-values.ts";

/** What the epilogue may apply; "" is nothing, "scale 2" a multiplication by 2. See `activationExpression`. */
export type Activation = "" | "relu" | "silu" | "gelu" | "geluTanh" | `scale ${number}`;

/** Transposes and epilogue of a product. */
export type LinearAttributes = {
  /** a is [K, M] instead of [..., M, K]. */
  readonly transposeA: boolean;
  /** b is [N, K] instead of [K, N]. */
  readonly transposeB: boolean;
  /** The next input is a bias [N]. */
  readonly bias: boolean;
  /** The last input is added to the result. */
  readonly residual: boolean;
  readonly activation: Activation;
};

const plain: LinearAttributes = { transposeA: false, transposeB: false, bias: false, residual: false, activation: "" };

/** Sizes of a product: op(a) is [M, K], op(b) is [K, N]; leading axes of a count to its rows. */
export function linearExtent(
  a: TensorType,
  b: TensorType,
  { transposeA, transposeB }: Pick<LinearAttributes, "transposeA" | "transposeB">,
): {
  readonly m: number;
  readonly k: number;
  readonly n: number;
} {
  const rows = elementCount(a.shape.slice(0, -1));
  const columns = a.shape.at(-1)!;
  const [first, second] = b.shape as [number, number];
  return { m: transposeA ? columns : rows, k: transposeA ? rows : columns, n: transposeB ? first : second };
}

/** See the file's header; the inputs are a, b, then bias and residual as announced. */
export const linearOp: OpDef<LinearAttributes> = defineOp<LinearAttributes>({
  id: "linear",
  infer(inputs, attributes) {
    const [a, b] = inputs as [TensorType, TensorType];
    expectMinimumRank("linear", "a", a, attributes.transposeA ? 2 : 1);
    if (b.shape.length !== 2) throw shapeMismatch("linear", `expected b with 2 axes, got ${formatType(b)}.`);
    for (const type of inputs) expectDtype("linear", "every operand", type, "f32");
    const { m, k, n } = linearExtent(a, b, attributes);
    const inner = b.shape[attributes.transposeB ? 1 : 0]!;
    if (inner !== k) {
      throw shapeMismatch(
        "linear",
        `${formatType(a)} and ${formatType(b)} share no inner axis: ${k} against ${inner}.`,
      );
    }
    if (attributes.bias) expectShape("linear", "bias", inputs[2]!, [n]);
    const shape = attributes.transposeA ? [m, n] : [...a.shape.slice(0, -1), n];
    if (attributes.residual) expectShape("linear", "residual", inputs.at(-1)!, shape);
    return [tensorType(shape)];
  },
  vjp({ inputs, cotangents, needed, attributes }) {
    const [a, b] = inputs as [Tensor, Tensor];
    const [dy] = cotangents as [Tensor];
    const { bias, activation } = attributes;
    const dz = activation === "" ? dy : throughActivation(inputs, attributes, dy);
    const rest: (Tensor | undefined)[] = [];
    if (bias) rest.push(needed[2] ? sum(asMatrix(dz), { axes: [0] }) : undefined);
    if (attributes.residual) rest.push(dy);
    return [
      needed[0] ? gradientOfA(a, b, dz, attributes) : undefined,
      needed[1] ? gradientOfB(a, b, dz, attributes) : undefined,
      ...rest,
    ];
  },
  reference(inputs, { attributes, inputTypes, outputTypes }) {
    const { m, k, n } = linearExtent(inputTypes[0]!, inputTypes[1]!, attributes);
    const y = new Float64Array(elementCount(outputTypes[0]!.shape));
    multiplyInto(y, inputs[0]!, inputs[1]!, { m, k, n, ...attributes });
    const activation = activationExpression(attributes.activation);
    for (let index = 0; index < y.length; index++) {
      let value = y[index]!;
      if (attributes.bias) value += inputs[2]![index % n]!;
      if (activation) value = evaluateExpression(activation, [value]);
      if (attributes.residual) value += inputs.at(-1)![index]!;
      y[index] = value;
    }
    return [y];
  },
  accumulation: ([a, b], attributes) => Math.max(1, linearExtent(a!, b!, attributes).k),
  cost([a, b], _, attributes) {
    const { m, k, n } = linearExtent(a!, b!, attributes);
    return { flops: 2 * m * k * n };
  },
  samples: linearSamples,
});

function asMatrix(x: Tensor): Tensor {
  return reshape(x, [elementCount(x.shape.slice(0, -1)), x.shape.at(-1)!]);
}

/** The cotangent of what the activation is given. */
function throughActivation(inputs: readonly Tensor[], attributes: LinearAttributes, dy: Tensor): Tensor {
  const operands = inputs.slice(0, attributes.bias ? 3 : 2);
  const [before] = applyOp(linearOp, operands, { ...attributes, activation: "", residual: false });
  return mul(dy, pointwise([before!], differentiate(activationExpression(attributes.activation)!, 0)));
}

/** dy · op(b)ᵀ, transposed back if a was. */
function gradientOfA(a: Tensor, b: Tensor, dy: Tensor, { transposeA, transposeB }: LinearAttributes): Tensor {
  const product = transposeA
    ? applyOp(linearOp, [b, asMatrix(dy)], { ...plain, transposeA: transposeB, transposeB: true })
    : applyOp(linearOp, [dy, b], { ...plain, transposeB: !transposeB });
  return reshape(product[0]!, a.shape);
}

/** op(a)ᵀ · dy, transposed back if b was. */
function gradientOfB(a: Tensor, b: Tensor, dy: Tensor, { transposeA, transposeB }: LinearAttributes): Tensor {
  const [left, right] = [asMatrix(a), asMatrix(dy)];
  const product = transposeB
    ? applyOp(linearOp, [right, left], { ...plain, transposeA: true, transposeB: transposeA })
    : applyOp(linearOp, [left, right], { ...plain, transposeA: !transposeA });
  return reshape(product[0]!, b.shape);
}

/** Optional parts of `linear`. */
export interface LinearOptions {
  /** [N], added to every row. */
  readonly bias?: Tensor;
  /** [..., N], added last. */
  readonly residual?: Tensor;
  /** Applied after the bias. */
  readonly activation?: Activation;
}

/**
 * activation(x · weightᵀ + bias) + residual. Activation and residual are ops of their own here; the fusion pass puts them
 * into the product's epilogue.
 *
 * @param x - [..., K]
 * @param weight - [N, K], in any storage format
 * @throws AttuneError `SHAPE_MISMATCH` if the inner axes differ
 */
export function linear(x: Tensor, weight: Tensor, options: LinearOptions = {}): Tensor {
  checkOptionKeys("linear", options, { bias: true, residual: true, activation: true });
  const { bias, residual, activation = "" } = options;
  const operands = bias === undefined ? [x, weight] : [x, weight, bias];
  const product = applyOp(linearOp, operands, { ...plain, transposeB: true, bias: bias !== undefined })[0]!;
  const activated = activation === "" ? product : pointwise([product], activationOf(activation));
  return residual === undefined ? activated : add(activated, residual);
}

function activationOf(activation: Activation): ScalarExpression {
  const expression = activationExpression(activation);
  if (expression) return expression;
  throw new AttuneError(
    "OPTIONS_INVALID",
    `Expected an activation of ${Object.keys(activationExpressions).join(", ")}, got "${activation}".`,
  );
}

/** Which matrices of a product are transposed first; default none. */
interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/**
 * The product of two matrices, each transposed first if asked.
 *
 * @throws AttuneError `SHAPE_MISMATCH` if the inner axes differ
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  checkOptionKeys("matmul", options, { transposeA: true, transposeB: true });
  const { transposeA = false, transposeB = false } = options;
  return applyOp(linearOp, [a, b], { ...plain, transposeA, transposeB })[0]!;
}
