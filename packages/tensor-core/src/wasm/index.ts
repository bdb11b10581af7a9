// The typed WebAssembly assembler that CPU kernels are written with.
export { callValue, type Exit, FunctionBuilder, type WasmFunction, type WasmTable } from "./function-builder.ts";
export {
  atomic,
  type LoadKind,
  load,
  loadAddress,
  loadLane,
  loadNear,
  loads,
  type StoreKind,
  stores,
} from "./memory-operations.ts";
export { type FunctionImport, type FunctionOptions, type MemoryImport, ModuleBuilder } from "./module-builder.ts";
export { address, f32, f64, i32, i64, near, select } from "./scalar-operations.ts";
export { f32x4, f64x2 } from "./simd-float-operations.ts";
export { i8x16, i16x8, i32x4, i64x2, shuffle32, v128 } from "./simd-integer-operations.ts";
export type { AddressType, CodeSink, Local, MemoryType, Operand, Value, ValueType, WasmFeatures } from "./value.ts";
