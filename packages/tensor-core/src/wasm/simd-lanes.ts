// Lane shapes of a v128 and the tables from which its instructions are made.
import { AttuneError } from "@attune/spec";
import {
  type Binary,
  binaryTable,
  constant,
  type Literal,
  lift,
  type Operand,
  operation,
  simdOpcode,
  type Unary,
  unaryTable,
  type Value,
  type ValueType,
  vectorConstant,
} from "./value.ts";

export type Methods<K extends string, F> = Readonly<Record<K, F>>;
export type Vector = Value<"v128">;
export type Shift = (value: Vector, bits: Operand<"i32">) => Vector;

/** Splat, lanes and literals that every lane shape has. */
export interface Lanes<S extends ValueType> {
  /** All lanes equal to one scalar. */
  readonly splat: Unary<S, "v128">;
  /** A constant vector with these lanes. */
  readonly constant: (...lanes: readonly number[]) => Vector;
  readonly extract: (value: Vector, lane: number) => Value<S>;
  readonly replace: (value: Vector, lane: number, scalar: Operand<S>) => Vector;
}

interface LaneShape<S extends "i32" | "i64" | "f32" | "f64"> {
  readonly name: string;
  readonly scalar: S;
  readonly count: number;
  readonly pack: (view: DataView, lane: number, value: number) => void;
  /** Opcodes of splat, extract (unsigned where there are two) and replace. */
  readonly opcodes: readonly [splat: number, extract: number, replace: number];
}

const simdTable = <K extends string>(table: Record<K, number>): Record<K, number> =>
  Object.fromEntries(Object.entries<number>(table).map(([name, number]) => [name, simdOpcode(number)])) as Record<
    K,
    number
  >;

function lanes<S extends "i32" | "i64" | "f32" | "f64">({
  name,
  scalar,
  count,
  pack,
  opcodes,
}: LaneShape<S>): Lanes<S> {
  const [splat, extract, replace] = opcodes.map(simdOpcode) as [number, number, number];
  const literal: Literal<S> = (value) => constant(scalar, value);
  const lane = (index: number): number[] => {
    if (Number.isInteger(index) && index >= 0 && index < count) return [index];
    throw new AttuneError("INPUT_INVALID", `${name} has lanes 0 to ${count - 1}, got ${index}.`);
  };
  return {
    splat: (value) => operation(`${name}.splat`, splat, [lift(value, literal)], [scalar], "v128"),
    constant(...values) {
      const view = new DataView(new ArrayBuffer(16));
      for (let index = 0; index < count; index++) pack(view, index, values[index % values.length]!);
      return vectorConstant(new Uint8Array(view.buffer));
    },
    extract: (value, index) => operation(`${name}.extract`, extract, [value], ["v128"], scalar, lane(index)),
    replace: (value, index, item) =>
      operation(`${name}.replace`, replace, [value, lift(item, literal)], ["v128", scalar], "v128", lane(index)),
  };
}

export function shift(name: string, number: number): Shift {
  return (value, bits) =>
    operation(
      name,
      simdOpcode(number),
      [value, lift(bits, (count) => constant("i32", count))],
      ["v128", "i32"],
      "v128",
    );
}

export const float32Lanes: Lanes<"f32"> = lanes({
  name: "f32x4",
  scalar: "f32",
  count: 4,
  pack: (view, lane, value) => view.setFloat32(4 * lane, value, true),
  opcodes: [0x13, 0x1f, 0x20],
});
export const float64Lanes: Lanes<"f64"> = lanes({
  name: "f64x2",
  scalar: "f64",
  count: 2,
  pack: (view, lane, value) => view.setFloat64(8 * lane, value, true),
  opcodes: [0x14, 0x21, 0x22],
});
export const int32Lanes: Lanes<"i32"> = lanes({
  name: "i32x4",
  scalar: "i32",
  count: 4,
  pack: (view, lane, value) => view.setInt32(4 * lane, value, true),
  opcodes: [0x11, 0x1b, 0x1c],
});
export const int64Lanes: Lanes<"i64"> = lanes({
  name: "i64x2",
  scalar: "i64",
  count: 2,
  pack: (view, lane, value) => view.setBigInt64(8 * lane, BigInt(value), true),
  opcodes: [0x12, 0x1d, 0x1e],
});
export const int16Lanes: Lanes<"i32"> = lanes({
  name: "i16x8",
  scalar: "i32",
  count: 8,
  pack: (view, lane, value) => view.setInt16(2 * lane, value, true),
  opcodes: [0x10, 0x19, 0x1a],
});
export const int8Lanes: Lanes<"i32"> = lanes({
  name: "i8x16",
  scalar: "i32",
  count: 16,
  pack: (view, lane, value) => view.setInt8(lane, value),
  opcodes: [0x0f, 0x16, 0x17],
});

export const vectorUnary = <K extends string>(
  name: string,
  table: Record<K, number>,
  literal: Literal<"v128">,
): Methods<K, Unary<"v128">> => unaryTable(name, simdTable(table), literal, "v128", "v128");
export const vectorBinary = <K extends string>(
  name: string,
  table: Record<K, number>,
  literal: Literal<"v128">,
): Methods<K, Binary<"v128">> => binaryTable(name, simdTable(table), literal, "v128", "v128");
export const vectorTest = <K extends string>(
  name: string,
  table: Record<K, number>,
  literal: Literal<"v128">,
): Methods<K, Unary<"v128", "i32">> => unaryTable(name, simdTable(table), literal, "v128", "i32");
