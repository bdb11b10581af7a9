// Loads and atomic reads as values. Stores are statements of the function builder.
import { AttuneError } from "@attune/spec";
import {
  type CodeSink,
  checkOperand,
  concreteType,
  constant,
  lift,
  type MemoryType,
  type Operand,
  opcodeBytes,
  simdOpcode,
  unsignedBytes,
  type Value,
  type ValueType,
  type WasmFeatures,
} from "./value.ts";

interface Access<T extends ValueType> {
  readonly type: T;
  readonly opcode: number;
  /** log2 of the bytes that are read or written. */
  readonly align: number;
}

const access = <T extends ValueType>(type: T, opcode: number, align: number): Access<T> => ({ type, opcode, align });

/** What a load reads: the scalar types, narrow integers, and vectors in whole, widened, splatted or zero-extended. */
export const loads: {
  readonly i32: Access<"i32">;
  readonly i64: Access<"i64">;
  readonly f32: Access<"f32">;
  readonly f64: Access<"f64">;
  readonly v128: Access<"v128">;
  readonly i32From8S: Access<"i32">;
  readonly i32From8U: Access<"i32">;
  readonly i32From16S: Access<"i32">;
  readonly i32From16U: Access<"i32">;
  readonly splat8: Access<"v128">;
  readonly splat16: Access<"v128">;
  readonly splat32: Access<"v128">;
  readonly splat64: Access<"v128">;
  readonly zero32: Access<"v128">;
  readonly zero64: Access<"v128">;
  readonly widen8S: Access<"v128">;
  readonly widen8U: Access<"v128">;
  readonly widen16S: Access<"v128">;
  readonly widen16U: Access<"v128">;
  readonly widen32U: Access<"v128">;
} = {
  i32: access("i32", 0x28, 2),
  i64: access("i64", 0x29, 3),
  f32: access("f32", 0x2a, 2),
  f64: access("f64", 0x2b, 3),
  v128: access("v128", simdOpcode(0), 4),
  i32From8S: access("i32", 0x2c, 0),
  i32From8U: access("i32", 0x2d, 0),
  i32From16S: access("i32", 0x2e, 1),
  i32From16U: access("i32", 0x2f, 1),
  splat8: access("v128", simdOpcode(7), 0),
  splat16: access("v128", simdOpcode(8), 1),
  splat32: access("v128", simdOpcode(9), 2),
  splat64: access("v128", simdOpcode(10), 3),
  zero32: access("v128", simdOpcode(0x5c), 2),
  zero64: access("v128", simdOpcode(0x5d), 3),
  widen8S: access("v128", simdOpcode(1), 3),
  widen8U: access("v128", simdOpcode(2), 3),
  widen16S: access("v128", simdOpcode(3), 3),
  widen16U: access("v128", simdOpcode(4), 3),
  widen32U: access("v128", simdOpcode(6), 3),
};

/** What a store writes. */
export const stores: {
  readonly i32: Access<"i32">;
  readonly i64: Access<"i64">;
  readonly f32: Access<"f32">;
  readonly f64: Access<"f64">;
  readonly v128: Access<"v128">;
  readonly i32To8: Access<"i32">;
  readonly i32To16: Access<"i32">;
} = {
  i32: access("i32", 0x36, 2),
  i64: access("i64", 0x37, 3),
  f32: access("f32", 0x38, 2),
  f64: access("f64", 0x39, 3),
  v128: access("v128", simdOpcode(11), 4),
  i32To8: access("i32", 0x3a, 0),
  i32To16: access("i32", 0x3b, 1),
};

export type LoadKind = keyof typeof loads;
export type StoreKind = keyof typeof stores;

/** Number of the memory that addresses of a type point into: V8 widens accesses to the first alone, so a near memory is that. */
export function memoryIndex(type: ValueType, { nearMemory = false }: WasmFeatures): 0 | 1 {
  return nearMemory && type === "address" ? 1 : 0;
}

/** Bytes of an access through an address of a type: opcode, alignment, memory, constant offset, and the lane if there is one. */
export function writeAccess(
  sink: CodeSink,
  { opcode, align }: Access<ValueType>,
  { type }: Value,
  offset: number,
  lane: readonly number[] = [],
): void {
  if (
    !Number.isSafeInteger(offset) ||
    offset < 0 ||
    (concreteType(type, sink.features) === "i32" && offset > 0xffffffff)
  ) {
    throw new AttuneError("INPUT_INVALID", `A WASM memory offset is an integer from 0 up, got ${offset}.`);
  }
  const index = memoryIndex(type, sink.features);
  const place = index === 0 ? [align] : [align | 0x40, index];
  sink.bytes.push(...opcodeBytes(opcode), ...place, ...unsignedBytes(offset), ...lane);
}

/** Throws if an operand of `name` is neither kind of address. */
export function checkAddress(name: string, position: number, value: Value): void {
  checkOperand(name, position, value, value?.type === "near" ? "near" : "address");
}

/** Reads memory at `address + offset`; the offset is a constant of the instruction. */
export function load<K extends LoadKind>(
  kind: K,
  address: Value<MemoryType>,
  offset = 0,
): Value<(typeof loads)[K]["type"]> {
  checkAddress(`load.${kind}`, 1, address);
  return {
    type: loads[kind].type,
    write(sink) {
      address.write(sink);
      writeAccess(sink, loads[kind], address, offset);
    },
  };
}

/** Reads an address that is kept in memory, in its own width. */
export const loadAddress = (address: Value<"address">, offset = 0): Value<"address"> =>
  loadMemoryType("address", address, offset);

/** Reads a near address that is kept in memory, in its own width. */
export const loadNear = (address: Value<"address">, offset = 0): Value<"near"> =>
  loadMemoryType("near", address, offset);

function loadMemoryType<T extends MemoryType>(type: T, address: Value<"address">, offset: number): Value<T> {
  checkOperand("loadAddress", 1, address, "address");
  return {
    type,
    write(sink) {
      address.write(sink);
      writeAccess(sink, concreteType(type, sink.features) === "i64" ? loads.i64 : loads.i32, address, offset);
    },
  };
}

/** Reads 32 or 64 bits into one lane of a vector. */
export function loadLane(
  bits: 32 | 64,
  address: Value<"address">,
  vector: Value<"v128">,
  lane: number,
  offset = 0,
): Value<"v128"> {
  checkOperand("loadLane", 1, address, "address");
  checkOperand("loadLane", 2, vector, "v128");
  return {
    type: "v128",
    write(sink) {
      address.write(sink);
      vector.write(sink);
      writeAccess(sink, access("v128", simdOpcode(bits === 32 ? 0x56 : 0x57), bits === 32 ? 2 : 3), address, offset, [
        lane,
      ]);
    },
  };
}

const atomics = {
  load: 0xfe0010,
  add: 0xfe001e,
  sub: 0xfe0025,
  and: 0xfe002c,
  or: 0xfe0033,
  xor: 0xfe003a,
  exchange: 0xfe0041,
  compareExchange: 0xfe0048,
} as const;

/** Atomic access to an i32: `load`, or a read-modify-write that gives the old value. `compareExchange` takes (expected, replacement). */
export function atomic(
  kind: keyof typeof atomics,
  address: Value<"address">,
  ...operands: readonly Operand<"i32">[]
): Value<"i32"> {
  checkOperand(`atomic.${kind}`, 1, address, "address");
  const expected = kind === "load" ? 0 : kind === "compareExchange" ? 2 : 1;
  if (operands.length !== expected)
    throw new AttuneError(
      "INPUT_INVALID",
      `WASM op atomic.${kind} expects ${expected} operands after the address, got ${operands.length}.`,
    );
  const values = operands.map((operand) => lift(operand, (value) => constant("i32", value)));
  for (const [index, value] of values.entries()) checkOperand(`atomic.${kind}`, index + 2, value, "i32");
  return {
    type: "i32",
    write(sink) {
      for (const value of [address, ...values]) value.write(sink);
      writeAccess(sink, access("i32", atomics[kind], 2), address, 0);
    },
  };
}
