export { type CpuBackendOptions, createCpuBackend } from "./cpu-backend.ts";
export { enable256Bits, has256Bits } from "./engine/simd-width.ts";
export { type GemmRates, type MeasureGemmOptions, measureGemm } from "./gemm/measure-gemm.ts";
export { cpuKernels } from "./kernels/index.ts";
export { cpuScratchBytes } from "./plan/lay-out-plan.ts";
export { type DescribeTileOptions, describeTile, type TileDescription } from "./tuning/describe-tile.ts";
