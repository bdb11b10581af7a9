// Values of the assembler: typed expressions that know how to write themselves. An op checks its operands when it is
// made, so a wrong type throws with the op's name and never becomes an invalid module.
import { AttuneError } from "@attune/spec";

/**
 * WebAssembly value types. An "address" is i32 or i64, as the module's memory is. A "near" address is an i32 into the module's near
 * memory, or, in a module without one, an address like any other.
 */
export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128" | MemoryType;

/** What memory is read and written by. */
export type MemoryType = "address" | "near";

/** How a module addresses memory. */
export type AddressType = "i32" | "i64";

/** What a module's code may use. */
export interface WasmFeatures {
  readonly addressType: AddressType;
  /** Whether there is a second memory of 32-bit addresses, for scratch alone (default false). */
  readonly nearMemory?: boolean;
  /** Multiply-add as one relaxed SIMD instruction; otherwise as a multiplication and an addition. */
  readonly relaxedSimd: boolean;
}

/** Where an expression writes its bytes. */
export interface CodeSink {
  readonly bytes: number[];
  readonly features: WasmFeatures;
  /** The function whose locals may be used. */
  readonly owner: object;
}

/** A typed expression. It is written, and so evaluated, where a statement uses it; keep it in a local to use it twice. */
export interface Value<T extends ValueType = ValueType> {
  readonly type: T;
  readonly write: (sink: CodeSink) => void;
}

/** A variable of a function; as a value it is read. */
export interface Local<T extends ValueType = ValueType> extends Value<T> {
  readonly index: number;
  readonly owner: object;
}

/** What an op takes: a value, or a number where its type has literals (SIMD ops splat it to all lanes). */
export type Operand<T extends ValueType> = Value<T> | number;

/** Bytes of an unsigned LEB128 number up to 2^53. */
export function unsignedBytes(value: number): number[] {
  const bytes: number[] = [];
  do {
    const low = value % 128;
    value = Math.floor(value / 128);
    bytes.push(value > 0 ? low | 128 : low);
  } while (value > 0);
  return bytes;
}

/** Bytes of a signed LEB128 number. */
function signedBytes(value: bigint): number[] {
  const bytes: number[] = [];
  for (;;) {
    const low = Number(value & 127n);
    value >>= 7n;
    if ((value === 0n && (low & 64) === 0) || (value === -1n && (low & 64) !== 0)) return [...bytes, low];
    bytes.push(low | 128);
  }
}

/** Bytes of an opcode: one byte, or a prefix (0xfc, 0xfd, 0xfe) in the upper part and a LEB128 number below it. */
export function opcodeBytes(opcode: number): number[] {
  return opcode < 0x100 ? [opcode] : [Math.floor(opcode / 0x10000), ...unsignedBytes(opcode % 0x10000)];
}

/** SIMD opcodes as written in the specification. */
export const simdOpcode = (number: number): number => 0xfd0000 + number;

/** Throws if an operand of `name` is not of the type it takes. */
export function checkOperand(name: string, position: number, value: Value, expected: ValueType): void {
  if (value?.type === expected) return;
  throw new AttuneError(
    "INPUT_INVALID",
    `WASM op ${name} expects operand ${position} to be ${expected}, got ${value?.type ?? typeof value}.`,
  );
}

const floatBytes = (value: number, bytes: 4 | 8): number[] => {
  const view = new DataView(new ArrayBuffer(bytes));
  if (bytes === 4) view.setFloat32(0, value, true);
  else view.setFloat64(0, value, true);
  return [...new Uint8Array(view.buffer)];
};

/** The type that a value has in a module: addresses are integers there. */
export function concreteType(type: ValueType, features: WasmFeatures): Exclude<ValueType, MemoryType> {
  if (type === "near" && features.nearMemory) return "i32";
  return type === "address" || type === "near" ? features.addressType : type;
}

/** A constant of a scalar type. */
export function constant<T extends Exclude<ValueType, "v128">>(type: T, value: number): Value<T> {
  if (
    (type === "i32" && !Number.isInteger(value)) ||
    (["i64", "address", "near"].includes(type) && !Number.isSafeInteger(value))
  ) {
    throw new AttuneError("INPUT_INVALID", `WASM constant ${type} expects an integer, got ${value}.`);
  }
  return {
    type,
    write({ bytes, features }) {
      const concrete = concreteType(type, features);
      if (concrete === "i32") bytes.push(0x41, ...signedBytes(BigInt(value | 0)));
      else if (concrete === "i64") bytes.push(0x42, ...signedBytes(BigInt(value)));
      else if (concrete === "f32") bytes.push(0x43, ...floatBytes(value, 4));
      else bytes.push(0x44, ...floatBytes(value, 8));
    },
  };
}

/** A v128 constant of 16 bytes. */
export function vectorConstant(lanes: ArrayLike<number>): Value<"v128"> {
  const content = Array.from(lanes);
  if (content.length !== 16) throw new AttuneError("INPUT_INVALID", `A v128 has 16 bytes, got ${content.length}.`);
  return { type: "v128", write: ({ bytes }) => bytes.push(0xfd, 0x0c, ...content) };
}

/** How an op reads a plain number among its operands. */
export type Literal<T extends ValueType> = (value: number) => Value<T>;

/** Any op with a fixed opcode: checks the operands, then writes them, the opcode and its immediate bytes. */
export function operation<R extends ValueType>(
  name: string,
  opcode: number,
  operands: readonly Value[],
  types: readonly ValueType[],
  type: R,
  immediate: readonly number[] = [],
): Value<R> {
  for (const [index, value] of operands.entries()) checkOperand(name, index + 1, value, types[index]!);
  const code = opcodeBytes(opcode);
  return {
    type,
    write(sink) {
      for (const value of operands) value.write(sink);
      sink.bytes.push(...code, ...immediate);
    },
  };
}

export type Unary<T extends ValueType, R extends ValueType = T> = (value: Operand<T>) => Value<R>;
export type Binary<T extends ValueType, R extends ValueType = T> = (left: Operand<T>, right: Operand<T>) => Value<R>;

/** One function an entry of a table of opcodes, named `prefix.entry`. */
export function unaryTable<K extends string, T extends ValueType, R extends ValueType>(
  prefix: string,
  table: Readonly<Record<K, number>>,
  literal: Literal<T>,
  type: T,
  result: R,
): Readonly<Record<K, Unary<T, R>>> {
  return mapTable(
    table,
    (key, opcode) => (value) => operation(`${prefix}.${key}`, opcode, [lift(value, literal)], [type], result),
  );
}

/** As `unaryTable`, for two operands of one type. */
export function binaryTable<K extends string, T extends ValueType, R extends ValueType>(
  prefix: string,
  table: Readonly<Record<K, number>>,
  literal: Literal<T>,
  type: T,
  result: R,
): Readonly<Record<K, Binary<T, R>>> {
  return mapTable(
    table,
    (key, opcode) => (left, right) =>
      operation(`${prefix}.${key}`, opcode, [lift(left, literal), lift(right, literal)], [type, type], result),
  );
}

/** The value of an operand. */
export function lift<T extends ValueType>(operand: Operand<T>, literal: Literal<T>): Value<T> {
  return typeof operand === "number" ? literal(operand) : operand;
}

function mapTable<K extends string, F>(
  table: Readonly<Record<K, number>>,
  make: (key: K, opcode: number) => F,
): Record<K, F> {
  return Object.fromEntries(
    Object.entries<number>(table).map(([key, opcode]) => [key, make(key as K, opcode)]),
  ) as Record<K, F>;
}
