// Integer and bitwise SIMD instructions as functions of typed values.
import { AttuneError } from "@attune/spec";
import {
  int8Lanes,
  int16Lanes,
  int32Lanes,
  int64Lanes,
  type Lanes,
  type Methods,
  type Shift,
  shift,
  type Vector,
  vectorBinary,
  vectorTest,
  vectorUnary,
} from "./simd-lanes.ts";
import { type Binary, operation, simdOpcode, type Unary, type Value } from "./value.ts";

type IntegerCompare = "eq" | "ne" | "ltS" | "gtS" | "leS" | "geS";
type Shifts = Methods<"shl" | "shrS" | "shrU", Shift>;
const shifts = (name: string, first: number): Shifts => ({
  shl: shift(`${name}.shl`, first),
  shrS: shift(`${name}.shrS`, first + 1),
  shrU: shift(`${name}.shrU`, first + 2),
});

export const i32x4: Lanes<"i32"> &
  Shifts &
  Methods<
    | IntegerCompare
    | "ltU"
    | "gtU"
    | "leU"
    | "geU"
    | "add"
    | "sub"
    | "mul"
    | "minS"
    | "minU"
    | "maxS"
    | "maxU"
    | "dot16",
    Binary<"v128">
  > &
  Methods<
    "abs" | "neg" | "truncateS" | "truncateU" | "extendLowS" | "extendHighS" | "extendLowU" | "extendHighU",
    Unary<"v128">
  > &
  Methods<"allTrue" | "bitmask", Unary<"v128", "i32">> = {
  ...int32Lanes,
  ...shifts("i32x4", 0xab),
  ...vectorBinary(
    "i32x4",
    {
      eq: 0x37,
      ne: 0x38,
      ltS: 0x39,
      ltU: 0x3a,
      gtS: 0x3b,
      gtU: 0x3c,
      leS: 0x3d,
      leU: 0x3e,
      geS: 0x3f,
      geU: 0x40,
      add: 0xae,
      sub: 0xb1,
      mul: 0xb5,
      minS: 0xb6,
      minU: 0xb7,
      maxS: 0xb8,
      maxU: 0xb9,
      dot16: 0xba,
    },
    int32Lanes.constant,
  ),
  ...vectorUnary(
    "i32x4",
    {
      abs: 0xa0,
      neg: 0xa1,
      truncateS: 0xf8,
      truncateU: 0xf9,
      extendLowS: 0xa7,
      extendHighS: 0xa8,
      extendLowU: 0xa9,
      extendHighU: 0xaa,
    },
    int32Lanes.constant,
  ),
  ...vectorTest("i32x4", { allTrue: 0xa3, bitmask: 0xa4 }, int32Lanes.constant),
};

export const i64x2: Lanes<"i64"> &
  Shifts &
  Methods<"add" | "sub" | "mul" | "multiplyLowU" | "multiplyHighU", Binary<"v128">> &
  Methods<"extendLowU" | "extendHighU", Unary<"v128">> = {
  ...int64Lanes,
  ...shifts("i64x2", 0xcb),
  ...vectorBinary(
    "i64x2",
    { add: 0xce, sub: 0xd1, mul: 0xd5, multiplyLowU: 0xde, multiplyHighU: 0xdf },
    int64Lanes.constant,
  ),
  ...vectorUnary("i64x2", { extendLowU: 0xc9, extendHighU: 0xca }, int64Lanes.constant),
};

export const i16x8: Lanes<"i32"> &
  Shifts &
  Methods<"add" | "sub" | "mul" | "narrowS" | "narrowU", Binary<"v128">> &
  Methods<"extendLowS" | "extendHighS" | "extendLowU" | "extendHighU", Unary<"v128">> = {
  ...int16Lanes,
  ...shifts("i16x8", 0x8b),
  ...vectorBinary("i16x8", { add: 0x8e, sub: 0x91, mul: 0x95, narrowS: 0x85, narrowU: 0x86 }, int16Lanes.constant),
  ...vectorUnary(
    "i16x8",
    { extendLowS: 0x87, extendHighS: 0x88, extendLowU: 0x89, extendHighU: 0x8a },
    int16Lanes.constant,
  ),
};

export const i8x16: Lanes<"i32"> &
  Shifts &
  Methods<"add" | "sub" | "swizzle", Binary<"v128">> & {
    /** Picks 16 of the 32 bytes of two vectors. */
    readonly shuffle: (left: Vector, right: Vector, bytes: readonly number[]) => Vector;
  } = {
  ...int8Lanes,
  ...shifts("i8x16", 0x6b),
  ...vectorBinary("i8x16", { add: 0x6e, sub: 0x71, swizzle: 0x0e }, int8Lanes.constant),
  shuffle(left, right, bytes) {
    if (bytes.length !== 16 || bytes.some((byte) => !Number.isInteger(byte) || byte < 0 || byte > 31)) {
      throw new AttuneError(
        "INPUT_INVALID",
        `i8x16.shuffle expects 16 byte numbers from 0 to 31, got [${bytes.join(", ")}].`,
      );
    }
    return operation("i8x16.shuffle", simdOpcode(0x0d), [left, right], ["v128", "v128"], "v128", bytes);
  },
};

/** Lanes 0 to 3 are the left vector's 32-bit lanes, 4 to 7 the right one's. */
export function shuffle32(left: Vector, right: Vector, order: readonly [number, number, number, number]): Vector {
  return i8x16.shuffle(
    left,
    right,
    order.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]),
  );
}

/** Bitwise operations on all 128 bits. */
export const v128: Methods<"and" | "or" | "xor" | "andNot", (left: Vector, right: Vector) => Vector> & {
  readonly not: (value: Vector) => Vector;
  /** Bits of `left` where the mask is 1, of `right` where it is 0. */
  readonly bitselect: (left: Vector, right: Vector, mask: Vector) => Vector;
  readonly anyTrue: (value: Vector) => Value<"i32">;
} = {
  and: (left, right) => operation("v128.and", simdOpcode(0x4e), [left, right], ["v128", "v128"], "v128"),
  andNot: (left, right) => operation("v128.andNot", simdOpcode(0x4f), [left, right], ["v128", "v128"], "v128"),
  or: (left, right) => operation("v128.or", simdOpcode(0x50), [left, right], ["v128", "v128"], "v128"),
  xor: (left, right) => operation("v128.xor", simdOpcode(0x51), [left, right], ["v128", "v128"], "v128"),
  not: (value) => operation("v128.not", simdOpcode(0x4d), [value], ["v128"], "v128"),
  bitselect: (left, right, mask) =>
    operation("v128.bitselect", simdOpcode(0x52), [left, right, mask], ["v128", "v128", "v128"], "v128"),
  anyTrue: (value) => operation("v128.anyTrue", simdOpcode(0x53), [value], ["v128"], "i32"),
};
