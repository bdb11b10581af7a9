// Compiled kernels of one backend: each key is emitted once, the new ones of a plan together in one module.
import { createQueue } from "@attune/spec";
import type { CpuKernelCode } from "@attune/tensor-core";
import { type MemoryImport, ModuleBuilder, type WasmFeatures } from "@attune/tensor-core/wasm";
import { gemmImport } from "./gemm/gemm-import.ts";
import { nearMemoryImport } from "./memory/near-memory.ts";
import type { WorkerPool } from "./pool/worker-pool.ts";

/** Gives kernels their numbers, compiling those that are new. */
export interface KernelLibrary {
  /** The number of each kernel, in order, once all threads can run it. */
  load(codes: readonly CpuKernelCode[]): Promise<number[]>;
}

export interface LibraryOptions {
  readonly pool: WorkerPool;
  /** What the code of kernels may use; modules without a kernel that has near scratch take no near memory. */
  readonly code: WasmFeatures;
  readonly maxPages: number;
  /** Whether the threads were lent a native library, which kernels then may import. */
  readonly gemm: boolean;
}

/** A library without kernels. */
export function createKernelLibrary({ pool, code, maxPages, gemm }: LibraryOptions): KernelLibrary {
  const numbers = new Map<string, number>();
  const queue = createQueue();

  const memory: MemoryImport = { module: "env", name: "memory", minPages: 1, maxPages };
  const imports = gemm ? [gemmImport] : [];
  const plain = (): ModuleBuilder => new ModuleBuilder({ ...code, nearMemory: false }, memory, imports);
  const withNearMemory = (): ModuleBuilder => new ModuleBuilder(code, memory, imports, nearMemoryImport);

  const compile = async (codes: readonly CpuKernelCode[]): Promise<void> => {
    const added = new Map<string, number>();
    const newCodes = codes.filter(({ key }) => {
      if (numbers.has(key) || added.has(key)) return false;
      added.set(key, numbers.size + added.size);
      return true;
    });
    const near = code.nearMemory ? newCodes.filter(({ nearBytes = 0 }) => nearBytes > 0) : [];
    const modules = [
      { create: plain, codes: newCodes.filter((each) => !near.includes(each)) },
      { create: withNearMemory, codes: near },
    ].filter((module) => module.codes.length > 0);
    for (const module of modules) {
      const builder = module.create();
      for (const each of module.codes) builder.export(each.emit(builder), `k${added.get(each.key)}`);
      pool.broadcast({ kind: "module", module: await compileModule(builder.encode()) });
    }
    for (const [key, number] of added) numbers.set(key, number);
  };

  return {
    async load(codes) {
      await queue(() => compile(codes));
      return codes.map(({ key }) => numbers.get(key)!);
    },
  };
}

/** Compiles off the main thread; a timer keeps the process alive meanwhile, which a compilation alone does not. */
async function compileModule(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  const alive = setInterval(() => {}, 2 ** 30);
  try {
    return await WebAssembly.compile(bytes);
  } finally {
    clearInterval(alive);
  }
}
