// Whether a native library is worth its while here: one product by each kernel, in turn, on the calling thread.
import { userCacheFolder } from "@attune/run-folder";
import {
  type Capabilities,
  type CpuKernelCode,
  type GemmProvider,
  type OpenGemm,
  type Signature,
  tensorType,
} from "@attune/tensor-core";
import { ModuleBuilder } from "@attune/tensor-core/wasm";
import { freshName } from "../engine/fresh-name.ts";
import { has256Bits } from "../engine/simd-width.ts";
import { linearKernel } from "../kernels/product/linear.ts";
import { createNativeKernels } from "../kernels/product/native-linear.ts";
import { tileFeature, tileName, tileOf } from "../kernels/product/tile-family.ts";
import { parameterBytes } from "../pool/messages.ts";
import { chooseTile } from "../tuning/choose-tile.ts";
import { bestTimes, type TiledRun } from "./best-times.ts";
import { gemmImport, importedGemm } from "./gemm-import.ts";

/** GFLOPS of one thread, the best of several products of the shape of a small model's layer. */
export interface GemmRates {
  readonly native: number;
  readonly wasm: number;
  /** Register tile of the WebAssembly products, rows x vectors: the one that a backend takes here. */
  readonly tile: string;
  /** False where the machine was too busy to tell: neither had settled when the time was up. */
  readonly settled: boolean;
}

/** The parts of `CpuBackendOptions` that WebAssembly's speed depends on, with the same defaults. */
export interface MeasureGemmOptions {
  readonly wide?: boolean | undefined;
  readonly tileCache?: string | false | undefined;
}

const [m, k, n] = [256, 576, 384];
const signature: Signature = {
  op: "linear",
  inputs: [tensorType([m, k]), tensorType([n, k])],
  outputs: [tensorType([m, n])],
  attributes: { transposeA: false, transposeB: true, bias: false, residual: false, activation: "" },
};

/** Byte addresses in a memory of its own: parameters, A, B, C, and what kernels pack; they read up to 64 bytes past a range. */
const places = {
  a: 2 ** 16,
  b: 2 ** 20,
  c: 2 ** 21,
  scratch: 2 ** 23,
  shared: 2 ** 24,
  near: 3 * 2 ** 23,
  end: 2 ** 25,
};

/**
 * Times products by a native library and by the WASM kernels in turn, on the calling thread, until neither gets faster. Takes 0.1 to
 * 0.3 s, on a busy machine up to 1 s. The library is loaded into this process.
 */
export async function measureGemm(
  provider: GemmProvider,
  { wide = has256Bits(), tileCache = userCacheFolder() }: MeasureGemmOptions = {},
): Promise<GemmRates> {
  const pages = places.end / 2 ** 16;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const { openGemm } = (await import(provider.module)) as { openGemm: OpenGemm };
  const gemm = importedGemm(openGemm(memory, provider.options), "i32");
  const operands = new Float32Array(memory.buffer, places.a, (places.c - places.a) / 4);
  for (let index = 0; index < operands.length; index++) operands[index] = ((index * 37) % 101) / 101 - 0.5;
  const features = new Set(wide ? ["simd256"] : []);
  if (tileCache !== false) features.add(tileFeature(chooseTile({ wide, relaxedSimd: true, folder: tileCache })));
  const [native, wasm] = [createNativeKernels()[0]!, linearKernel].map((kernel) =>
    load(kernel.lower(signature, capabilitiesWith(features)) as CpuKernelCode, memory, gemm),
  ) as [TiledRun, TiledRun];
  const { plain: nativeTime, compiled: wasmTime, settled } = bestTimes(native, wasm);
  const rate = (milliseconds: number): number => (2 * m * k * n) / milliseconds / 1e6;
  return { native: rate(nativeTime), wasm: rate(wasmTime), tile: tileName(tileOf({ features })), settled };
}

function capabilitiesWith(features: ReadonlySet<string>): Capabilities {
  const bytes = 2 ** 32;
  return {
    alignment: 64,
    maxBindingBytes: bytes,
    maxBindings: 64,
    maxAllocationBytes: bytes,
    inPlace: true,
    features,
  };
}

/** A kernel in the places of its operands. */
function load(code: CpuKernelCode, memory: WebAssembly.Memory, gemm: (...values: number[]) => void): TiledRun {
  const pages = places.end / 2 ** 16;
  const builder = new ModuleBuilder(
    { addressType: "i32", relaxedSimd: true },
    { module: "env", name: "memory", minPages: 1, maxPages: pages },
    [gemmImport],
  );
  const name = freshName();
  builder.export(code.emit(builder), name);
  const { scratchBytes, sharedBytes = 0, nearBytes = 0 } = code;
  if (Math.max(scratchBytes, sharedBytes, nearBytes) > places.end - places.near - 64)
    throw new RangeError("The places are too small.");
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(builder.encode()), { env: { memory, gemm } });
  const run = exports[name] as (parameters: number, tile: number) => void;
  const { a, b, c, scratch, shared, near } = places;
  const cells = new Uint32Array(memory.buffer, 0, parameterBytes / 4);
  for (const [index, place] of [a, b, c, scratch, shared, near].entries()) cells[2 * index] = place;
  return {
    tiles: code.tiles,
    run: (tile) => run(0, tile),
  };
}
