// The device "cpu": WebAssembly, and a native library for matrix products where one is installed and faster.
import { createCpuBackend, measureGemm } from "@attune/backend-cpu";
import { AttuneError } from "@attune/spec";
import type { Backend, GemmProvider } from "@attune/tensor-core";
import { type BlasChoice, findBlas } from "./find-blas.ts";
import type { NumericsClass } from "./numerics-class.ts";

interface CpuDeviceOptions {
  readonly threads: number | undefined;
  readonly numerics?: NumericsClass | undefined;
  /** Folder from which the package `@attune/blas-native` is looked up. */
  readonly directory: string;
}

/**
 * Opens the CPU backend.
 *
 * @throws AttuneError `DEVICE_UNAVAILABLE` where `numerics` or `ATTUNE_BLAS` names a library that is not there
 */
export async function openCpu({ threads, numerics, directory }: CpuDeviceOptions): Promise<Backend> {
  const fused = numerics === undefined || numerics.includes("fma");
  return createCpuBackend({ threads, fusedMultiplyAdd: fused, gemm: await providerFor(numerics, directory) });
}

async function providerFor(numerics: NumericsClass | undefined, directory: string): Promise<GemmProvider | undefined> {
  const wanted = numerics?.find((feature) => feature.startsWith("gemm:"))?.slice("gemm:".length);
  if (numerics !== undefined && wanted === undefined) return undefined;
  const choice = await chooseBlas(directory);
  if (wanted === undefined) return choice.use ? choice.provider : undefined;
  if (choice.provider?.id === wanted) return choice.provider;
  throw new AttuneError(
    "DEVICE_UNAVAILABLE",
    `The run was begun with the native library ${wanted}, and here is ${choice.provider?.id ?? `none (${choice.reason})`}.`,
    { hint: "Install @attune/blas-native and that library, or name it by ATTUNE_BLAS." },
  );
}

/** What is known of the native library that a CPU device would use. */
export interface MeasuredBlas extends BlasChoice {
  /** Whether a device uses it: it was asked for by name, or is faster. */
  readonly use: boolean;
  /** GFLOPS of one thread by the library and by WebAssembly. */
  readonly rates?: { readonly native: number; readonly wasm: number } | undefined;
}

/** How much faster a library must be to make the results of this machine differ from others'. */
const margin = 1.1;

/** Finds the native library and measures it beside WebAssembly. */
export async function chooseBlas(directory: string): Promise<MeasuredBlas> {
  const choice = await findBlas(directory, process.env["ATTUNE_BLAS"]);
  if (choice.provider === undefined) return { ...choice, use: false };
  const rates = await measureGemm(choice.provider);
  return { ...choice, rates, use: choice.named || rates.native > margin * rates.wasm };
}
