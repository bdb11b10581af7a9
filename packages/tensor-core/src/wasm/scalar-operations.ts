// Scalar instructions as functions of typed values, and address arithmetic that fits either kind of memory.
import { AttuneError } from "@attune/spec";
import {
  type Binary,
  binaryTable,
  checkOperand,
  concreteType,
  constant,
  type Literal,
  lift,
  type MemoryType,
  type Operand,
  operation,
  type Unary,
  unaryTable,
  type Value,
  type ValueType,
} from "./value.ts";

type Methods<K extends string, F> = Readonly<Record<K, F>>;
type Compare = "eq" | "ne" | "ltS" | "ltU" | "gtS" | "gtU" | "leS" | "leU" | "geS" | "geU";
type IntegerBinary =
  | "add"
  | "sub"
  | "mul"
  | "divS"
  | "divU"
  | "remS"
  | "remU"
  | "and"
  | "or"
  | "xor"
  | "shl"
  | "shrS"
  | "shrU"
  | "rotl"
  | "rotr";
type FloatUnary = "abs" | "neg" | "ceil" | "floor" | "trunc" | "nearest" | "sqrt";
type FloatBinary = "add" | "sub" | "mul" | "div" | "min" | "max" | "copysign";
type FloatCompare = "eq" | "ne" | "lt" | "gt" | "le" | "ge";
type Convert<From extends ValueType, To extends ValueType> = (value: Value<From>) => Value<To>;
type Integer<T extends "i32" | "i64"> = Methods<IntegerBinary, Binary<T>> &
  Methods<Compare, Binary<T, "i32">> &
  Methods<"clz" | "ctz" | "popcnt", Unary<T>> & { readonly eqz: Unary<T, "i32">; readonly constant: Literal<T> };
type Float<T extends "f32" | "f64"> = Methods<FloatUnary, Unary<T>> &
  Methods<FloatBinary, Binary<T>> &
  Methods<FloatCompare, Binary<T, "i32">> & { readonly constant: Literal<T> };

const numbered = <K extends string>(first: number, names: readonly K[]): Record<K, number> =>
  Object.fromEntries(names.map((name, index) => [name, first + index])) as Record<K, number>;

const compares: readonly Compare[] = ["eq", "ne", "ltS", "ltU", "gtS", "gtU", "leS", "leU", "geS", "geU"];
const integerBinaries: readonly IntegerBinary[] = [
  "add",
  "sub",
  "mul",
  "divS",
  "divU",
  "remS",
  "remU",
  "and",
  "or",
  "xor",
  "shl",
  "shrS",
  "shrU",
  "rotl",
  "rotr",
];
const floatUnaries: readonly FloatUnary[] = ["abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt"];
const floatBinaries: readonly FloatBinary[] = ["add", "sub", "mul", "div", "min", "max", "copysign"];
const floatCompares: readonly FloatCompare[] = ["eq", "ne", "lt", "gt", "le", "ge"];

function integer<T extends "i32" | "i64">(type: T, eqz: number, bits: number): Integer<T> {
  const literal: Literal<T> = (value) => constant(type, value);
  return {
    constant: literal,
    ...unaryTable(type, { eqz }, literal, type, "i32"),
    ...binaryTable(type, numbered(eqz + 1, compares), literal, type, "i32"),
    ...unaryTable(type, numbered(bits, ["clz", "ctz", "popcnt"]), literal, type, type),
    ...binaryTable(type, numbered(bits + 3, integerBinaries), literal, type, type),
  };
}

function float<T extends "f32" | "f64">(type: T, compare: number, unary: number): Float<T> {
  const literal: Literal<T> = (value) => constant(type, value);
  return {
    constant: literal,
    ...binaryTable(type, numbered(compare, floatCompares), literal, type, "i32"),
    ...unaryTable(type, numbered(unary, floatUnaries), literal, type, type),
    ...binaryTable(type, numbered(unary + 7, floatBinaries), literal, type, type),
  };
}

function convert<From extends ValueType, To extends ValueType>(
  name: string,
  opcode: number,
  from: From,
  to: To,
): Convert<From, To> {
  return (value) => operation(name, opcode, [value], [from], to);
}

export const i32: Integer<"i32"> & {
  readonly wrap: Convert<"i64", "i32">;
  readonly reinterpret: Convert<"f32", "i32">;
  readonly truncateSaturated: Convert<"f32", "i32">;
} = {
  ...integer("i32", 0x45, 0x67),
  wrap: convert("i32.wrap", 0xa7, "i64", "i32"),
  reinterpret: convert("i32.reinterpret", 0xbc, "f32", "i32"),
  truncateSaturated: convert("i32.truncateSaturated", 0xfc0000, "f32", "i32"),
};

export const i64: Integer<"i64"> &
  Methods<"extendS" | "extendU", Convert<"i32", "i64">> & {
    readonly reinterpret: Convert<"f64", "i64">;
  } = {
  ...integer("i64", 0x50, 0x79),
  extendS: convert("i64.extendS", 0xac, "i32", "i64"),
  extendU: convert("i64.extendU", 0xad, "i32", "i64"),
  reinterpret: convert("i64.reinterpret", 0xbd, "f64", "i64"),
};

export const f32: Float<"f32"> &
  Methods<"convertS" | "convertU" | "reinterpret", Convert<"i32", "f32">> & {
    readonly demote: Convert<"f64", "f32">;
  } = {
  ...float("f32", 0x5b, 0x8b),
  convertS: convert("f32.convertS", 0xb2, "i32", "f32"),
  convertU: convert("f32.convertU", 0xb3, "i32", "f32"),
  demote: convert("f32.demote", 0xb6, "f64", "f32"),
  reinterpret: convert("f32.reinterpret", 0xbe, "i32", "f32"),
};

export const f64: Float<"f64"> & {
  readonly convertS: Convert<"i32", "f64">;
  readonly promote: Convert<"f32", "f64">;
  readonly reinterpret: Convert<"i64", "f64">;
} = {
  ...float("f64", 0x61, 0x99),
  convertS: convert("f64.convertS", 0xb7, "i32", "f64"),
  promote: convert("f64.promote", 0xbb, "f32", "f64"),
  reinterpret: convert("f64.reinterpret", 0xbf, "i64", "f64"),
};

interface AddressArithmetic<T extends MemoryType> {
  readonly constant: Literal<T>;
  readonly add: Binary<T>;
  readonly sub: Binary<T>;
  /** `base + index * bytes` for an unsigned 32-bit index; the product is as wide as an address. */
  readonly at: (base: Value<T>, index: Value<"i32">, bytes: number) => Value<T>;
  readonly fromIndex: Convert<"i32", T>;
  readonly ltU: Binary<T, "i32">;
}

function addressArithmetic<T extends MemoryType>(type: T): AddressArithmetic<T> {
  const literal: Literal<T> = (value) => constant(type, value) as unknown as Value<T>;
  const binary = <R extends ValueType>(
    name: string,
    [narrow, wide]: readonly [number, number],
    operands: readonly Operand<T>[],
    result: R,
  ): Value<R> => {
    const values = operands.map((operand) => lift(operand, literal));
    for (const [index, value] of values.entries()) checkOperand(`${type}.${name}`, index + 1, value, type);
    return {
      type: result,
      write(sink) {
        for (const value of values) value.write(sink);
        sink.bytes.push(concreteType(type, sink.features) === "i64" ? wide : narrow);
      },
    };
  };
  const fromIndex: Convert<"i32", T> = (value) => {
    checkOperand(`${type}.fromIndex`, 1, value, "i32");
    return {
      type,
      write(sink) {
        value.write(sink);
        if (concreteType(type, sink.features) === "i64") sink.bytes.push(0xad);
      },
    };
  };
  const add: Binary<T> = (...operands) => binary("add", [0x6a, 0x7c], operands, type);
  return {
    constant: literal,
    add,
    sub: (...operands) => binary("sub", [0x6b, 0x7d], operands, type),
    ltU: (...operands) => binary("ltU", [0x49, 0x54], operands, "i32"),
    at: (base, index, bytes) =>
      add(base, bytes === 1 ? fromIndex(index) : binary("mul", [0x6c, 0x7e], [fromIndex(index), bytes], type)),
    fromIndex,
  };
}

/** Address arithmetic, in whichever integer type the module's memory has. */
export const address: AddressArithmetic<"address"> = addressArithmetic("address");

/** Arithmetic of near addresses. */
export const near: AddressArithmetic<"near"> & {
  /** An address as a near one, in a module that has only one memory. @throws AttuneError `INTERNAL` in one with a near memory */
  readonly ofAddress: Convert<"address", "near">;
  /** A distance between addresses as one between near addresses. */
  readonly distance: Convert<"address", "near">;
} = {
  ...addressArithmetic("near"),
  distance(value) {
    checkOperand("near.distance", 1, value, "address");
    return {
      type: "near",
      write(sink) {
        value.write(sink);
        if (sink.features.addressType === "i64" && sink.features.nearMemory) sink.bytes.push(0xa7);
      },
    };
  },
  ofAddress(value) {
    checkOperand("near.ofAddress", 1, value, "address");
    return {
      type: "near",
      write(sink) {
        if (sink.features.nearMemory)
          throw new AttuneError("INTERNAL", "An address of a module's memory is none of its near memory.");
        value.write(sink);
      },
    };
  },
};

/** `condition ? left : right` without a branch; both sides are evaluated. */
export function select<T extends ValueType>(condition: Value<"i32">, left: Value<T>, right: Value<T>): Value<T> {
  checkOperand("select", 1, left, right.type);
  checkOperand("select", 3, condition, "i32");
  return {
    type: left.type,
    write(sink) {
      for (const value of [left, right, condition]) value.write(sink);
      sink.bytes.push(0x1b);
    },
  };
}
