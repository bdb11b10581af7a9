export type { Allocation, Backend, Capabilities, DispatchTimes, Executable, MemoryRole } from "./backend/backend.ts";
export { halfProducts, operandsOfProducts, roundsProductsToHalf } from "./backend/half-products.ts";
export type { BytesToRead } from "./backend/write-bytes.ts";
export { gradients } from "./graph/gradients.ts";
export type { Effect, Graph, GraphNode, Leaf, Value, ValueId } from "./graph/graph.ts";
export { applyOp, type Tensor, type TensorHost } from "./graph/tensor.ts";
export { Trace, traceOf } from "./graph/trace.ts";
export type {
  CpuDecodeContext,
  CpuDecoder,
  CpuKernelCode,
  CpuRunContext,
  CpuRunDecoder,
} from "./kernel/cpu-kernel.ts";
export type { Gemm, GemmProvider, OpenGemm } from "./kernel/gemm-provider.ts";
export type { Access, KernelCode, KernelDef, Signature } from "./kernel/kernel-def.ts";
export { type LoopAxis, mergeAxes, mergeStrided } from "./kernel/merge-axes.ts";
export type {
  BufferTraffic,
  WebgpuBuffer,
  WebgpuFeature,
  WebgpuKernelCode,
  WebgpuStage,
} from "./kernel/webgpu-kernel.ts";
export {
  type BoundedOp,
  errorBounds,
  gamma,
  multipliesOperands,
  type ProductOperands,
  roundingBound,
  unitRoundoff,
} from "./op-def/error-bound.ts";
export {
  type Attributes,
  type AttributeValue,
  defineOp,
  type OpCost,
  type OpDef,
  type OpSample,
  type ReferenceContext,
  type VjpContext,
} from "./op-def/op-def.ts";
export {
  call,
  constant,
  type IntegerFunction,
  input,
  isIntegerExpression,
  type ScalarExpression,
  type ScalarFunction,
  scalarFunctions,
} from "./op-def/scalar-expression.ts";
export * from "./ops/index.ts";
export {
  createRandomSequence,
  hashStream,
  type PhiloxWords,
  philox4x32,
  type RandomSequence,
} from "./ops/philox.ts";
export { type RowExtent, rowExtent } from "./ops/row-values.ts";
export { buildPlan, type PlanTarget } from "./plan/build-plan.ts";
export { type DeviceDescription, knownDevices, parseDevice } from "./plan/device-description.ts";
export { explainPlan } from "./plan/explain-plan.ts";
export type { Address, Binding, Dispatch, Plan, PlanRegion, Port } from "./plan/plan.ts";
export { type DispatchRoofline, rooflineOf } from "./plan/roofline.ts";
export type { HostValues } from "./runtime/buffer-values.ts";
export type { Disagreement } from "./runtime/check-plan.ts";
export { type CompileOptions, createRuntime, type Runtime, type RuntimeOptions } from "./runtime/create-runtime.ts";
export { interpretGraph, interpretNode } from "./runtime/interpret-graph.ts";
export { createLifetime, type Lifetime } from "./runtime/lifetime.ts";
export type { MemoryUse } from "./runtime/memory.ts";
export { formatProfile, type Profile, type ProfiledRun, type ProfileRow, profileRows } from "./runtime/profile.ts";
export type { Program } from "./runtime/program.ts";
export { type States, stateAlignment } from "./runtime/states.ts";
export type { Weights } from "./runtime/weights.ts";
export { bfloat16, denseFormat, float16, float32, int32, uint32 } from "./type/dense-formats.ts";
export { type DType, dtypeBytes } from "./type/dtype.ts";
export { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from "./type/half-float.ts";
export type { FormatComponent, StorageFormat } from "./type/storage-format.ts";
export {
  elementCount,
  formatType,
  isPlain,
  rowBytes,
  sameShape,
  sameType,
  type TensorType,
  tensorType,
  typeBytes,
} from "./type/tensor-type.ts";
