import {
  createRandomSequence,
  type DType,
  elementCount,
  type RandomSequence,
  type StorageFormat,
  type Tensor,
  type TensorType,
  type Trace,
  tensorType,
} from "@attune/tensor-core";

/** What a leaf of a random program is given. */
export interface LeafValues {
  readonly name: string;
  readonly type: TensorType;
  readonly values: ArrayLike<number>;
  readonly tensor: Tensor;
  /** True where a gradient is asked for. */
  readonly wanted: boolean;
}

/** Makes the leaves of a random program, and the choices that it takes. */
export interface RandomLeaves {
  readonly trace: Trace;
  readonly random: RandomSequence;
  readonly made: readonly LeafValues[];
  /** Asks for no gradients of the leaves made after the first `count`: their step was not taken. */
  abandon(count: number): void;
  /** One of some values. */
  choose<T>(values: readonly T[]): T;
  /** f32 values in [-1, 1); stored in another format, they are a weight. */
  floats(shape: readonly number[], format?: StorageFormat): Tensor;
  /** The same, where no gradient is asked for. */
  constants(shape: readonly number[]): Tensor;
  /** i32 values in [0, bound). */
  integers(shape: readonly number[], bound: number): Tensor;
  /** A given u32 or i32 value. */
  words(dtype: DType, values: readonly number[]): Tensor;
}

/** Leaves and choices that follow from a seed alone. */
export function randomLeaves(trace: Trace, seed: number): RandomLeaves {
  const random = createRandomSequence(seed, "random program");
  const made: LeafValues[] = [];
  const add = (kind: "input" | "weight", type: TensorType, values: ArrayLike<number>, wanted = false): Tensor => {
    const name = `${kind}${made.length}`;
    const tensor = trace[kind](name, type);
    made.push({ name, type, values, tensor, wanted });
    return tensor;
  };
  const uniform = (shape: readonly number[]): Float32Array =>
    Float32Array.from({ length: elementCount(shape) }, () => 2 * random.uniform() - 1);
  return {
    trace,
    random,
    made,
    abandon: (count) => {
      for (const [index, leaf] of made.entries()) if (index >= count) made[index] = { ...leaf, wanted: false };
    },
    choose: (values) => values[random.integer(values.length)]!,
    floats: (shape, format) =>
      format === undefined
        ? add("input", tensorType(shape), uniform(shape), true)
        : add("weight", tensorType(shape, "f32", format), uniform(shape)),
    constants: (shape) => add("input", tensorType(shape), uniform(shape)),
    integers: (shape, bound) =>
      add(
        "input",
        tensorType(shape, "i32"),
        Int32Array.from({ length: elementCount(shape) }, () => random.integer(bound)),
      ),
    words: (dtype, values) => add("input", tensorType([values.length], dtype), values),
  };
}
