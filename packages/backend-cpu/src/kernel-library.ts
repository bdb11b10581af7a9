// Compiled kernels of one backend: each key is emitted once, the new ones of a plan together in one module.
import type { CpuKernelCode } from "@attune/tensor-core";
import { type AddressType, type MemoryImport, ModuleBuilder } from "@attune/tensor-core/wasm";
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
  readonly addressType: AddressType;
  readonly maximumPages: number;
  /** Whether kernels with near scratch find it in a memory of its own. */
  readonly nearMemory: boolean;
  readonly relaxedSimd: boolean;
  /** Whether the threads were lent a native library, which kernels then may import. */
  readonly gemm: boolean;
}

/** A library without kernels. */
export function createKernelLibrary({
  pool,
  addressType,
  maximumPages,
  nearMemory,
  relaxedSimd,
  gemm,
}: LibraryOptions): KernelLibrary {
  const numbers = new Map<string, number>();
  let loading: Promise<void> = Promise.resolve();

  const memory: MemoryImport = { module: "env", name: "memory", minimumPages: 1, maximumPages };
  const imports = gemm ? [gemmImport] : [];
  const plain = (): ModuleBuilder => new ModuleBuilder({ addressType, relaxedSimd }, memory, imports);
  const withNearMemory = (): ModuleBuilder =>
    new ModuleBuilder({ addressType, relaxedSimd, nearMemory }, memory, imports, nearMemoryImport);

  const compile = async (codes: readonly CpuKernelCode[]): Promise<void> => {
    const added = new Map<string, number>();
    const newCodes = codes.filter(({ key }) => {
      if (numbers.has(key) || added.has(key)) return false;
      added.set(key, numbers.size + added.size);
      return true;
    });
    const near = nearMemory ? newCodes.filter(({ nearBytes = 0 }) => nearBytes > 0) : [];
    const modules = [
      { create: plain, codes: newCodes.filter((code) => !near.includes(code)) },
      { create: withNearMemory, codes: near },
    ].filter((module) => module.codes.length > 0);
    for (const module of modules) {
      const builder = module.create();
      for (const code of module.codes) builder.export(code.emit(builder), `k${added.get(code.key)}`);
      pool.broadcast({ kind: "module", module: await compileModule(builder.encode()) });
    }
    for (const [key, number] of added) numbers.set(key, number);
  };

  return {
    async load(codes) {
      const done = loading.then(() => compile(codes));
      loading = done.catch(() => undefined);
      await done;
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
