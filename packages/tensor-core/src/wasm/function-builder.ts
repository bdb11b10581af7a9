import { AttuneError } from "@attune/spec";
import { checkAddress, memoryIndex, type StoreKind, stores, writeAccess } from "./memory-operations.ts";
import { address, i32, i64, near } from "./scalar-operations.ts";
import {
  type Binary,
  type CodeSink,
  checkOperand,
  concreteType,
  constant,
  type Local,
  lift,
  type MemoryType,
  type Operand,
  simdOpcode,
  unsignedBytes,
  type Value,
  type ValueType,
  type WasmFeatures,
} from "./value.ts";

/** What a call needs to know of a function. */
export interface WasmFunction<P extends readonly ValueType[] = readonly ValueType[], R extends ValueType = ValueType> {
  readonly name: string;
  readonly index: number;
  readonly parameters: P;
  readonly result: R | undefined;
  /** The module it belongs to. */
  readonly module: object;
}

/** A function's entries, callable by a number known only at run time; all have the type of the first. */
export interface WasmTable<P extends readonly ValueType[] = readonly ValueType[], R extends ValueType = ValueType> {
  readonly functions: readonly WasmFunction<P, R>[];
  readonly module: object;
}

type Arguments<P extends readonly ValueType[]> = { readonly [K in keyof P]: Value<P[K]> };

/** Leaves a block: at once, or where a condition is not 0. */
export type Exit = (condition?: Value<"i32">) => void;

/** The statements of one function, appended in order. Made by `ModuleBuilder.function`. */
export class FunctionBuilder implements WasmFunction {
  readonly name: string;
  readonly index: number;
  readonly parameters: readonly ValueType[];
  readonly result: ValueType | undefined;
  readonly module: object;
  readonly #features: WasmFeatures;
  readonly #locals: ValueType[] = [];
  readonly #sink: CodeSink;
  readonly #prologue: number[] = [];
  readonly #hoisted = new Map<string, Local>();
  #depth = 0;

  constructor(description: WasmFunction, features: WasmFeatures) {
    this.name = description.name;
    this.index = description.index;
    this.parameters = description.parameters;
    this.result = description.result;
    this.module = description.module;
    this.#features = features;
    this.#sink = { bytes: [], features, owner: this };
  }

  /** The local of a parameter. */
  parameter<T extends ValueType>(index: number, type: T): Local<T> {
    return this.#localAt(index, type);
  }

  /** A new variable, 0 unless it is given a value. */
  local<T extends ValueType>(type: T, initial?: Value<T>): Local<T> {
    const local = this.#localAt(this.parameters.length + this.#locals.length, type);
    this.#locals.push(type);
    if (initial !== undefined) this.set(local, initial);
    return local;
  }

  /** Evaluates once, into a new variable. */
  keep<T extends ValueType>(value: Value<T>): Local<T> {
    return this.local(value.type, value);
  }

  /**
   * A value without variables that is computed once, where the function begins, whatever statement asks for it: vector constants,
   * which are slow to make, stay out of loops. Equal ones share a variable.
   */
  hoisted<T extends ValueType>(value: Value<T>): Local<T> {
    const sink: CodeSink = { bytes: [], features: this.#features, owner: noFunction };
    value.write(sink);
    const key = sink.bytes.join();
    const known = this.#hoisted.get(key) as Local<T> | undefined;
    if (known) return known;
    const local = this.local(value.type);
    for (const byte of [...sink.bytes, 0x21, ...unsignedBytes(local.index)]) this.#prologue.push(byte);
    this.#hoisted.set(key, local);
    return local;
  }

  set<T extends ValueType>(local: Local<T>, value: Operand<T>): void {
    const lifted = typeof value === "number" ? scalar(local.type, value) : value;
    checkOperand(`set of local ${local.index}`, 1, lifted, local.type);
    this.#own(local);
    lifted.write(this.#sink);
    this.#emit(0x21, ...unsignedBytes(local.index));
  }

  /** Adds to an integer variable or an address. */
  increment<T extends "i32" | "i64" | MemoryType>(local: Local<T>, by: Operand<T>): void {
    const additions = { i32: i32.add, i64: i64.add, address: address.add, near: near.add } as unknown as Record<
      T,
      Binary<T>
    >;
    this.set(local, additions[local.type](local, by));
  }

  /** Writes memory at `address + offset`. */
  store<K extends StoreKind>(
    kind: K,
    target: Value<MemoryType>,
    value: Operand<(typeof stores)[K]["type"]>,
    offset = 0,
  ): void {
    const lifted = typeof value === "number" ? scalar(stores[kind].type, value) : value;
    checkAddress(`store.${kind}`, 1, target);
    checkOperand(`store.${kind}`, 2, lifted, stores[kind].type);
    target.write(this.#sink);
    lifted.write(this.#sink);
    writeAccess(this.#sink, stores[kind], target, offset);
  }

  /** Writes one 32- or 64-bit lane of a vector. */
  storeLane(bits: 32 | 64, target: Value<MemoryType>, vector: Value<"v128">, lane: number, offset = 0): void {
    checkAddress("storeLane", 1, target);
    checkOperand("storeLane", 2, vector, "v128");
    target.write(this.#sink);
    vector.write(this.#sink);
    writeAccess(
      this.#sink,
      { type: "v128", opcode: simdOpcode(bits === 32 ? 0x5a : 0x5b), align: bits === 32 ? 2 : 3 },
      target,
      offset,
      [lane],
    );
  }

  /** Writes an i32 that other threads see in order. */
  atomicStore(target: Value<"address">, value: Operand<"i32">): void {
    const lifted = lift(value, i32.constant);
    checkOperand("atomicStore", 1, target, "address");
    checkOperand("atomicStore", 2, lifted, "i32");
    target.write(this.#sink);
    lifted.write(this.#sink);
    writeAccess(this.#sink, { type: "i32", opcode: 0xfe0017, align: 2 }, target, 0);
  }

  /** Sets `bytes` bytes to one value. */
  fillBytes(target: Value<"address">, byte: Operand<"i32">, bytes: Value<"address">): void {
    this.#bulk("fillBytes", [target, lift(byte, i32.constant), bytes], ["address", "i32", "address"], 11, 1);
  }

  /** Copies bytes between ranges that may overlap. */
  copyBytes(target: Value<"address">, source: Value<"address">, bytes: Value<"address">): void {
    this.#bulk("copyBytes", [target, source, bytes], ["address", "address", "address"], 10, 2);
  }

  /** Evaluates for its effect and drops the value. */
  evaluate(value: Value): void {
    value.write(this.#sink);
    this.#emit(0x1a);
  }

  if(condition: Value<"i32">, then: () => void, otherwise?: () => void): void {
    checkOperand("if", 1, condition, "i32");
    condition.write(this.#sink);
    this.#emit(0x04, 0x40);
    this.#nested(then);
    if (otherwise) {
      this.#emit(0x05);
      this.#nested(otherwise);
    }
    this.#emit(0x0b);
  }

  /** Runs the body once; `exit` leaves it early. */
  block(body: (exit: Exit) => void): void {
    this.#emit(0x02, 0x40);
    this.#nested(() => body(this.#jump()));
    this.#emit(0x0b);
  }

  /** Runs the body again for as long as `again` is called at its end with a condition that holds. */
  loop(body: (again: Exit) => void): void {
    this.#emit(0x03, 0x40);
    this.#nested(() => body(this.#jump()));
    this.#emit(0x0b);
  }

  /** Counts a new i32 from `from` up to and without `to`; signed, and tested before the first round. */
  for(from: Operand<"i32">, to: Operand<"i32">, step: number, body: (index: Local<"i32">) => void): void {
    const index = this.local("i32", lift(from, i32.constant));
    const end = typeof to === "number" ? i32.constant(to) : this.keep(to);
    this.block((exit) => {
      exit(i32.geS(index, end));
      this.loop((again) => {
        body(index);
        this.increment(index, step);
        again(i32.ltS(index, end));
      });
    });
  }

  /** Runs the body `times` times, which must be at least 1: the tightest loop, counting down in a register. */
  repeat(times: Operand<"i32">, body: () => void): void {
    const left = this.local("i32", lift(times, i32.constant));
    this.loop((again) => {
      body();
      this.increment(left, -1);
      again(left);
    });
  }

  /** Calls a function for its effect; a result is dropped. */
  call<P extends readonly ValueType[]>(target: WasmFunction<P>, ...values: Arguments<P>): void {
    this.#arguments(target, values);
    this.#emit(0x10, ...unsignedBytes(target.index));
    if (target.result !== undefined) this.#emit(0x1a);
  }

  /** Calls entry `index` of the module's table. */
  callIndirect<P extends readonly ValueType[]>(
    table: WasmTable<P>,
    index: Operand<"i32">,
    ...values: Arguments<P>
  ): void {
    const first = table.functions[0]!;
    const entry = lift(index, i32.constant);
    this.#arguments(first, values);
    checkOperand("callIndirect", values.length + 1, entry, "i32");
    entry.write(this.#sink);
    this.#emit(0x11, ...unsignedBytes(first.index), 0);
    if (first.result !== undefined) this.#emit(0x1a);
  }

  return(value?: Value): void {
    this.#checkResult("return", value);
    value?.write(this.#sink);
    this.#emit(0x0f);
  }

  /** Ends the function with its result. Called by the module. */
  finish(value: Value | undefined): number[] {
    this.#checkResult("end of function", value);
    value?.write(this.#sink);
    const groups = this.#locals.map((type) => [1, valueTypeByte(type, this.#features)]);
    const body = [...unsignedBytes(groups.length), ...groups.flat()];
    return concatenate([body, this.#prologue, this.#sink.bytes, [0x0b]]);
  }

  #checkResult(name: string, value: Value | undefined): void {
    if (this.result !== undefined) checkOperand(`${name} of ${this.name}`, 1, value as Value, this.result);
    else if (value !== undefined)
      throw new AttuneError("INPUT_INVALID", `WASM function ${this.name} has no result, got ${value.type}.`);
  }

  #arguments(target: WasmFunction, values: readonly Value[]): void {
    if (target.module !== this.module)
      throw new AttuneError(
        "INPUT_INVALID",
        `WASM function ${target.name} belongs to another module than ${this.name}.`,
      );
    if (values.length !== target.parameters.length)
      throw new AttuneError(
        "INPUT_INVALID",
        `WASM function ${target.name} takes ${target.parameters.length} arguments, got ${values.length}.`,
      );
    for (const [index, value] of values.entries()) {
      checkOperand(`call ${target.name}`, index + 1, value, target.parameters[index]!);
      value.write(this.#sink);
    }
  }

  /** Ends with the number of the memory, once for each range. */
  #bulk(name: string, values: readonly Value[], types: readonly ValueType[], opcode: number, ranges: number): void {
    for (const [index, value] of values.entries()) {
      checkOperand(name, index + 1, value, types[index]!);
      value.write(this.#sink);
    }
    this.#emit(0xfc, opcode, ...Array<number>(ranges).fill(memoryIndex("address", this.#features)));
  }

  #jump(): Exit {
    const depth = this.#depth;
    return (condition) => {
      if (condition) {
        checkOperand("branch", 1, condition, "i32");
        condition.write(this.#sink);
      }
      this.#emit(condition ? 0x0d : 0x0c, ...unsignedBytes(this.#depth - depth));
    };
  }

  #nested(body: () => void): void {
    this.#depth++;
    body();
    this.#depth--;
  }

  #localAt<T extends ValueType>(index: number, type: T): Local<T> {
    return {
      type,
      index,
      owner: this,
      write: (sink) => {
        if (sink.owner !== this)
          throw new AttuneError(
            "INPUT_INVALID",
            `Local ${index} of WASM function ${this.name} is used in another function.`,
          );
        sink.bytes.push(0x20, ...unsignedBytes(index));
      },
    };
  }

  #own(local: Local): void {
    if (local.owner !== this)
      throw new AttuneError("INPUT_INVALID", `A local of another function is set in WASM function ${this.name}.`);
  }

  #emit(...bytes: number[]): void {
    this.#sink.bytes.push(...bytes);
  }
}

/** Owns the code of hoisted values, which may read no variable. */
const noFunction = {};

/** The value of a call with a result. */
export function callValue<P extends readonly ValueType[], R extends ValueType>(
  target: WasmFunction<P, R>,
  ...values: Arguments<P>
): Value<R> {
  if (target.result === undefined || values.length !== target.parameters.length) {
    throw new AttuneError(
      "INPUT_INVALID",
      `WASM function ${target.name} takes ${target.parameters.length} arguments and ${target.result ?? "nothing"} comes back; got ${values.length}.`,
    );
  }
  for (const [index, value] of values.entries())
    checkOperand(`call ${target.name}`, index + 1, value, target.parameters[index]!);
  return {
    type: target.result,
    write(sink) {
      for (const value of values) value.write(sink);
      sink.bytes.push(0x10, ...unsignedBytes(target.index));
    },
  };
}

/** The byte that encodes a value type. */
export function valueTypeByte(type: ValueType, features: WasmFeatures): number {
  return { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b }[concreteType(type, features)];
}

/** Joins byte lists of any length. */
export function concatenate(parts: readonly (readonly number[])[]): number[] {
  const bytes: number[] = [];
  for (const part of parts) for (const byte of part) bytes.push(byte);
  return bytes;
}

function scalar<T extends ValueType>(type: T, value: number): Value<T> {
  if (type === "v128")
    throw new AttuneError("INPUT_INVALID", "A v128 is set from a vector, for instance f32x4.constant(0).");
  return constant(type as Exclude<T, "v128">, value);
}
