import type { Tensor } from "../graph/tensor.ts";
import type { TensorType } from "../type/tensor-type.ts";
import type { ScalarExpression } from "./scalar-expression.ts";

/** Plain values that fix what an op does; they are hashed, printed and compared, so no functions and no class instances. */
export type Attributes = { readonly [name: string]: AttributeValue };
export type AttributeValue =
  | number
  | string
  | boolean
  | undefined
  | readonly AttributeValue[]
  | { readonly [name: string]: AttributeValue };

/** What an op's vector-Jacobian product is given; it answers with one cotangent an input, undefined where none flows. */
export interface VjpContext<A extends Attributes> {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** One an output; undefined where no gradient arrives. At least one is defined. */
  readonly cotangents: readonly (Tensor | undefined)[];
  /** True for each input whose cotangent somebody asks for. */
  readonly needed: readonly boolean[];
  readonly attributes: A;
}

/** What the float64 reference is given beside the values. */
export interface ReferenceContext<A extends Attributes> {
  readonly attributes: A;
  readonly inputTypes: readonly TensorType[];
  readonly outputTypes: readonly TensorType[];
}

/** Work of one application. */
export interface OpCost {
  readonly flops: number;
  /** Bytes that have to be read and written at least, where it is not every operand once. */
  readonly bytes?: number;
}

/** One input set on which conformance checks the op; `differentiable` names the inputs to check by finite differences. */
export interface OpSample<A extends Attributes> {
  readonly name: string;
  readonly inputs: readonly { readonly type: TensorType; readonly values: ArrayLike<number> }[];
  readonly attributes: A;
  readonly differentiable?: readonly number[];
}

/**
 * An op is one object: shape inference, gradient, exact reference, samples, tolerance and cost.
 * It needs a `reference` or a `decompose`; a composite with both is tested one against the other.
 */
export interface OpDef<A extends Attributes = Attributes> {
  readonly kind: "op";
  readonly specificationVersion: 1;
  readonly id: string;
  /** Output types; throws SHAPE_MISMATCH or DTYPE_MISMATCH with a sentence that names the op. */
  infer(inputs: readonly TensorType[], attributes: A): readonly TensorType[];
  /** Cotangents of the inputs, written in ops. */
  vjp?(context: VjpContext<A>): readonly (Tensor | undefined)[];
  /** Exact values in float64, one array an output, from one array an input. */
  reference?(inputs: readonly Float64Array[], context: ReferenceContext<A>): readonly Float64Array[];
  /** The same in other ops, for backends without a kernel. */
  decompose?(inputs: readonly Tensor[], attributes: A): readonly Tensor[];
  samples?(): readonly OpSample<A>[];
  /** Number of roundings that one output value accumulates (K of a dot product); error bound = 4 · eps · sqrt(K) · largest output. */
  accumulation?(inputs: readonly TensorType[], attributes: A): number;
  /**
   * For outputs that may be small differences of large values: the size of those values, one number an output, from exact inputs and
   * outputs. They are rounded a few times, however small the output is.
   */
  cancelled?(
    inputs: readonly Float64Array[],
    outputs: readonly Float64Array[],
    context: ReferenceContext<A>,
  ): readonly number[];
  cost?(inputs: readonly TensorType[], outputs: readonly TensorType[], attributes: A): OpCost;
  /** Pairs of input and output that may share bytes: every read of an element comes before its write. */
  readonly inPlace?: readonly { readonly input: number; readonly output: number }[];
  /** For views: every output is a range of input 0, at these element offsets, without moving bytes. */
  alias?(inputs: readonly TensorType[], attributes: A): readonly number[] | undefined;
  /** For pointwise ops: one scalar expression an output, over the broadcast inputs. */
  pointwise?(attributes: A): readonly ScalarExpression[];
  /** False keeps an op out of common-subexpression elimination (default true). */
  readonly pure?: boolean;
}

/** Declares an op; third parties declare theirs the same way. */
export function defineOp<A extends Attributes>(definition: Omit<OpDef<A>, "kind" | "specificationVersion">): OpDef<A> {
  return { kind: "op", specificationVersion: 1, ...definition };
}
