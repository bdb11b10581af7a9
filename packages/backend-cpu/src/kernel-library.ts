// Compiled kernels of one backend: each key is emitted once, the new ones of a plan together in one module.
import type { CpuKernelCode } from "@attune/tensor-core";
import { type AddressType, ModuleBuilder } from "@attune/tensor-core/wasm";
import { gemmImport } from "./gemm/gemm-import.ts";
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
  readonly relaxedSimd: boolean;
  /** Whether the threads were lent a native library, which kernels then may import. */
  readonly gemm: boolean;
}

/** A library without kernels. */
export function createKernelLibrary({
  pool,
  addressType,
  maximumPages,
  relaxedSimd,
  gemm,
}: LibraryOptions): KernelLibrary {
  const numbers = new Map<string, number>();
  let loading: Promise<void> = Promise.resolve();

  const compile = async (codes: readonly CpuKernelCode[]): Promise<void> => {
    const builder = new ModuleBuilder(
      { addressType, relaxedSimd },
      { module: "env", name: "memory", minimumPages: 1, maximumPages },
      gemm ? [gemmImport] : [],
    );
    const added = new Map<string, number>();
    for (const code of codes) {
      if (numbers.has(code.key) || added.has(code.key)) continue;
      const number = numbers.size + added.size;
      builder.export(code.emit(builder), `k${number}`);
      added.set(code.key, number);
    }
    if (added.size === 0) return;
    const module = await compileModule(builder.encode());
    pool.broadcast({ kind: "module", module });
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
