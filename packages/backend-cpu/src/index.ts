export { cpuScratchBytes } from "./compile-plan.ts";
export { type CpuBackendOptions, createCpuBackend } from "./cpu-backend.ts";
export { type GemmRates, type MeasureGemmOptions, measureGemm } from "./gemm/measure-gemm.ts";
export { cpuKernels } from "./kernels/index.ts";
export { enable256Bits, has256Bits } from "./simd-width.ts";
export { type DescribeTileOptions, describeTile, type TileDescription } from "./tuning/describe-tile.ts";
