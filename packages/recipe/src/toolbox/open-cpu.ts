// The device "cpu": WebAssembly, and a native library for matrix products where one is installed and faster.
import { createCpuBackend, type GemmRates, has256Bits } from "@attune/backend-cpu";
import { AttuneError } from "@attune/spec";
import type { Backend, GemmProvider } from "@attune/tensor-core";
import { knownRates } from "./blas-rates.ts";
import { type BlasChoice, findBlas } from "./find-blas.ts";
import type { NumericsClass } from "./numerics-class.ts";

interface CpuDeviceOptions {
  readonly threads: number | undefined;
  /** Most that it may hold. */
  readonly maxBytes?: number | undefined;
  readonly numerics?: NumericsClass | undefined;
  /** Folder from which the package `@attune/blas-native` is looked up. */
  readonly directory: string;
}

/**
 * Opens the CPU backend.
 *
 * @throws AttuneError `DEVICE_UNAVAILABLE` where `numerics` or `ATTUNE_BLAS` names a library that is not there
 */
export async function openCpu({ threads, maxBytes, numerics, directory }: CpuDeviceOptions): Promise<Backend> {
  const fused = numerics === undefined || numerics.includes("fma");
  const wide = has256Bits();
  const gemm = await providerFor(numerics, directory, wide);
  return createCpuBackend({ threads, maxBytes, wide, fusedMultiplyAdd: fused, gemm });
}

async function providerFor(
  numerics: NumericsClass | undefined,
  directory: string,
  wide: boolean,
): Promise<GemmProvider | undefined> {
  if (numerics === undefined) {
    const { use, provider } = await chooseBlas(directory, wide);
    return use ? provider : undefined;
  }
  const wanted = numerics.find((feature) => feature.startsWith("gemm:"))?.slice("gemm:".length);
  if (wanted === undefined) return undefined;
  const choice = await findBlas(directory, process.env["ATTUNE_BLAS"]);
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
  /** GFLOPS of one thread by the library and by WebAssembly, and the register tile of the latter. */
  readonly rates?: GemmRates | undefined;
  /** Whether the rates are those of an earlier process. */
  readonly cached?: boolean | undefined;
  /** For people: why the library multiplies, or WebAssembly does. */
  readonly because: string;
}

/** How much faster a library must be to make the results of this machine differ from others'. */
const margin = 1.1;

/** Finds the native library and its speed beside WebAssembly, at 256 bits or not. */
export async function chooseBlas(directory: string, wide: boolean = has256Bits()): Promise<MeasuredBlas> {
  const choice = await findBlas(directory, process.env["ATTUNE_BLAS"]);
  const { provider, files, named } = choice;
  if (provider === undefined) return { ...choice, use: false, because: choice.reason };
  const { rates, cached } = await knownRates({ provider, files, wide });
  const ratio = rates.native / rates.wasm;
  const because = named
    ? "ATTUNE_BLAS names it"
    : `it is ${ratio.toFixed(2)} times as fast as WebAssembly, and ${margin} decides`;
  return { ...choice, rates, cached, because, use: named || ratio > margin };
}
