import { availableParallelism } from "node:os";
import { userCacheFolder } from "@attune/run-folder";
import { AttuneError, checkOptionKeys, type OptionKeys } from "@attune/spec";
import type { Backend, GemmProvider, KernelDef } from "@attune/tensor-core";
import type { WasmFeatures } from "@attune/tensor-core/wasm";
import { fusesMultiplyAdd } from "./engine/fuses-multiply-add.ts";
import { has256Bits, innerLoops } from "./engine/simd-width.ts";
import { createKernelLibrary } from "./kernel-library.ts";
import { cpuKernels } from "./kernels/index.ts";
import { createNativeKernels } from "./kernels/product/native-linear.ts";
import { tileFeature } from "./kernels/product/tile-family.ts";
import { createAllocations } from "./memory/allocations.ts";
import { createHeap, heapAlignment, pageBytes } from "./memory/heap.ts";
import { createNearHeap } from "./memory/near-memory.ts";
import { createScratch } from "./memory/scratch.ts";
import { createPlanCompiler } from "./plan/compile-plan.ts";
import { parameterBytes } from "./pool/messages.ts";
import { createWorkerPool } from "./pool/worker-pool.ts";
import { checkTile, chooseTile } from "./tuning/choose-tile.ts";

/** Options of {@link createCpuBackend}. */
export interface CpuBackendOptions {
  /** Threads that compute; the main thread is never one of them. Default: one a core. Results do not depend on it. */
  readonly threads?: number | undefined;
  /**
   * Most bytes that it may hold, up to 16 GiB (default 4 GiB). More than 4 GiB needs an engine with 64-bit memories (Node 24), where
   * V8 widens SIMD code of matrix products and attention alone, which the backend gives scratch in a second, 32-bit memory.
   */
  readonly maxBytes?: number | undefined;
  /** Whether SIMD code comes out as 256 bits; measured (10 ms) unless given. Only speed depends on it. */
  readonly wide?: boolean | undefined;
  /**
   * Folder in which the fastest register tile of matrix products is kept once it was measured (25 ms). Default: the user's cache folder;
   * false measures nothing and takes a good guess. Only speed depends on it.
   */
  readonly tileCache?: string | false | undefined;
  /** False computes a·b + c in two roundings, as on an engine without relaxed SIMD (default true). A numerics class of its own. */
  readonly fusedMultiplyAdd?: boolean | undefined;
  /** A native library for matrix products, such as `@attune/blas-native` finds. A numerics class of its own. */
  readonly gemm?: GemmProvider | undefined;
  /** Kernels asked before its own. */
  readonly kernels?: readonly KernelDef[] | undefined;
}

const optionKeys: OptionKeys<CpuBackendOptions> = {
  threads: true,
  maxBytes: true,
  wide: true,
  tileCache: true,
  fusedMultiplyAdd: true,
  gemm: true,
  kernels: true,
};

/** Bindings that one dispatch may have: their addresses and three of scratch fit the parameters of a kernel, 8 bytes each. */
const maxBindings = parameterBytes / 8 - 3;

/**
 * The CPU backend: plans are replayed by worker threads over one shared memory.
 *
 * @throws AttuneError `OPTIONS_INVALID` for a thread count or a size that is no positive integer, `CONFIG_UNKNOWN_KEY` for an option
 * that there is not
 */
export function createCpuBackend(options: CpuBackendOptions = {}): Backend {
  checkOptionKeys("createCpuBackend", options, optionKeys);
  const { threads = availableParallelism(), maxBytes = 2 ** 32, fusedMultiplyAdd = true, gemm } = options;
  assertPositive("threads", threads, mostThreads());
  assertPositive("maxBytes", maxBytes, 2 ** 34);
  const maxPages = Math.ceil(maxBytes / pageBytes);
  const heap = createHeap(maxPages);
  const { addressType } = heap;
  const { near: nearHeap, wide } = innerLoops(options.wide ?? has256Bits(), addressType, createNearHeap);
  const code: WasmFeatures = { addressType, nearMemory: nearHeap !== undefined, relaxedSimd: fusedMultiplyAdd };
  const features = featuresOf(code, wide, options);
  const pool = createWorkerPool({ threads, heap, nearMemory: nearHeap?.memory, gemm });
  const library = createKernelLibrary({ pool, code, maxPages, gemm: gemm !== undefined });
  const scratch = createScratch({ heap, nearHeap: nearHeap ?? heap, threads });
  return {
    kind: "backend",
    specificationVersion: 1,
    id: "cpu",
    capabilities: {
      alignment: heapAlignment,
      maxBindingBytes: maxBytes,
      maxBindings,
      maxAllocationBytes: maxBytes,
      inPlace: true,
      features,
    },
    kernels: [...(options.kernels ?? []), ...(gemm ? createNativeKernels() : []), ...cpuKernels],
    interprets: false,
    ...createAllocations(heap),
    compile: createPlanCompiler({ pool, library, scratch }),
    dispose: () => pool.close(),
  };
}

/** What kernels ask about: the width of SIMD code, the tile of products, whether multiply-adds round once, the native library. */
function featuresOf(
  { addressType, nearMemory = false, relaxedSimd }: WasmFeatures,
  wide: boolean,
  { tileCache = userCacheFolder(), gemm }: CpuBackendOptions,
): ReadonlySet<string> {
  const features = new Set<string>();
  if (wide) features.add("simd256");
  const code = { wide, relaxedSimd, addressType, nearMemory };
  if (tileCache !== false) features.add(tileFeature(chooseTile({ ...code, folder: tileCache })));
  else if (wide) checkTile(code);
  if (relaxedSimd && fusesMultiplyAdd()) features.add("fma");
  if (gemm) features.add(`gemm:${gemm.id}`);
  return features;
}

/** Threads beyond the cores only wait, and each takes 6 MB; some more than there are cores are of use in tests. */
function mostThreads(): number {
  return Math.max(64, 4 * availableParallelism());
}

function assertPositive(name: string, value: number, largest: number): void {
  if (Number.isSafeInteger(value) && value > 0 && value <= largest) return;
  throw new AttuneError(
    "OPTIONS_INVALID",
    `Expected \`${name}\` to be an integer from 1 to ${largest}, got ${value}.`,
    { hint: "Leave it out to have the default.", details: { key: name } },
  );
}
