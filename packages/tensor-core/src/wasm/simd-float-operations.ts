// Floating-point SIMD and relaxed SIMD instructions as functions of typed values.
import {
  float32Lanes,
  float64Lanes,
  type Lanes,
  type Methods,
  type Vector,
  vectorBinary,
  vectorUnary,
} from "./simd-lanes.ts";
import {
  type Binary,
  checkOperand,
  type Literal,
  lift,
  type Operand,
  operation,
  simdOpcode,
  type Unary,
} from "./value.ts";

type FloatUnary = "abs" | "neg" | "sqrt" | "ceil" | "floor" | "trunc" | "nearest";
type FloatBinary =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "min"
  | "max"
  | "pmin"
  | "pmax"
  | "eq"
  | "ne"
  | "lt"
  | "gt"
  | "le"
  | "ge"
  | "relaxedMin"
  | "relaxedMax";
type MultiplyAdd = (left: Operand<"v128">, right: Operand<"v128">, addend: Operand<"v128">) => Vector;

/** `left * right + addend`, as one instruction where the module may use relaxed SIMD, otherwise as two. */
function multiplyAdd(
  name: string,
  literal: Literal<"v128">,
  fused: number,
  mul: number,
  accumulate: number,
  swapped: boolean,
): MultiplyAdd {
  return (...operands) => {
    const values = operands.map((operand) => lift(operand, literal));
    for (const [index, value] of values.entries()) checkOperand(name, index + 1, value, "v128");
    const [left, right, addend] = values as [Vector, Vector, Vector];
    const plain = operation(
      name,
      simdOpcode(accumulate),
      swapped
        ? [addend, operation(name, simdOpcode(mul), [left, right], ["v128", "v128"], "v128")]
        : [operation(name, simdOpcode(mul), [left, right], ["v128", "v128"], "v128"), addend],
      ["v128", "v128"],
      "v128",
    );
    const relaxed = operation(name, simdOpcode(fused), [left, right, addend], ["v128", "v128", "v128"], "v128");
    return { type: "v128", write: (sink) => (sink.features.relaxedSimd ? relaxed : plain).write(sink) };
  };
}

export const f32x4: Lanes<"f32"> &
  Methods<FloatUnary, Unary<"v128">> &
  Methods<FloatBinary, Binary<"v128">> & {
    readonly madd: MultiplyAdd;
    /** `addend - left * right`. */
    readonly nmadd: MultiplyAdd;
    readonly convertS: Unary<"v128">;
    readonly convertU: Unary<"v128">;
    readonly demote: Unary<"v128">;
  } = {
  ...float32Lanes,
  ...vectorUnary(
    "f32x4",
    {
      abs: 0xe0,
      neg: 0xe1,
      sqrt: 0xe3,
      ceil: 0x67,
      floor: 0x68,
      trunc: 0x69,
      nearest: 0x6a,
      convertS: 0xfa,
      convertU: 0xfb,
      demote: 0x5e,
    },
    float32Lanes.constant,
  ),
  ...vectorBinary(
    "f32x4",
    {
      add: 0xe4,
      sub: 0xe5,
      mul: 0xe6,
      div: 0xe7,
      min: 0xe8,
      max: 0xe9,
      pmin: 0xea,
      pmax: 0xeb,
      eq: 0x41,
      ne: 0x42,
      lt: 0x43,
      gt: 0x44,
      le: 0x45,
      ge: 0x46,
      relaxedMin: 0x10d,
      relaxedMax: 0x10e,
    },
    float32Lanes.constant,
  ),
  madd: multiplyAdd("f32x4.madd", float32Lanes.constant, 0x105, 0xe6, 0xe4, false),
  nmadd: multiplyAdd("f32x4.nmadd", float32Lanes.constant, 0x106, 0xe6, 0xe5, true),
};

export const f64x2: Lanes<"f64"> &
  Methods<FloatUnary, Unary<"v128">> &
  Methods<Exclude<FloatBinary, "relaxedMin" | "relaxedMax">, Binary<"v128">> & {
    readonly madd: MultiplyAdd;
    readonly promoteLow: Unary<"v128">;
    readonly convertLowS: Unary<"v128">;
  } = {
  ...float64Lanes,
  ...vectorUnary(
    "f64x2",
    {
      abs: 0xec,
      neg: 0xed,
      sqrt: 0xef,
      ceil: 0x74,
      floor: 0x75,
      trunc: 0x7a,
      nearest: 0x94,
      promoteLow: 0x5f,
      convertLowS: 0xfe,
    },
    float64Lanes.constant,
  ),
  ...vectorBinary(
    "f64x2",
    {
      add: 0xf0,
      sub: 0xf1,
      mul: 0xf2,
      div: 0xf3,
      min: 0xf4,
      max: 0xf5,
      pmin: 0xf6,
      pmax: 0xf7,
      eq: 0x47,
      ne: 0x48,
      lt: 0x49,
      gt: 0x4a,
      le: 0x4b,
      ge: 0x4c,
    },
    float64Lanes.constant,
  ),
  madd: multiplyAdd("f64x2.madd", float64Lanes.constant, 0x107, 0xf2, 0xf0, false),
};
