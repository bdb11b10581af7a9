// OpenBLAS chooses its code by the processor's model number, and of a model that is younger than itself it may know nothing: then it
// computes with code from before AVX2, at a quarter of the speed. The variable OPENBLAS_CORETYPE, read once when the library is loaded,
// names the code instead (https://www.openmathlib.org/OpenBLAS/docs/runtime_variables/).
import { readFileSync } from "node:fs";
import type { BlasLibrary } from "./blas-library.ts";

/** Code of OpenBLAS, the best first, with the flags that a processor needs for it, as Linux names them. */
const needs = {
  SkylakeX: "avx512f avx512cd avx512bw avx512dq avx512vl avx2 fma",
  Haswell: "avx2 fma",
} as const;

/** Code of OpenBLAS that a processor with AVX-512, or with AVX2, runs well. */
export type CoreType = keyof typeof needs;

/** Whether a value names such code. */
export function isCoreType(value: unknown): value is CoreType {
  return typeof value === "string" && Object.hasOwn(needs, value);
}

const variable = "OPENBLAS_CORETYPE";

/** Names of OpenBLAS's code for x86 without AVX2. */
const withoutAvx2 =
  /^openblas-.*-(?:generic|unknown|katmai|coppermine|northwood|prescott|banias|atom|core2|penryn|dunnington|nehalem|sandybridge|athlon|opteron|opteron_sse3|barcelona|bobcat|bulldozer|piledriver|steamroller|excavator|nano)$/;

/** Whether a library computes with code that is older than AVX2. */
export function usesOldCode({ id }: BlasLibrary): boolean {
  return withoutAvx2.test(id);
}

/** Better code than a library chose for itself, the best first; none where the user chose, or where the system does not tell. */
export function betterCoreTypes(library: BlasLibrary): readonly CoreType[] {
  return usesOldCode(library) && process.env[variable] === undefined ? coreTypesOf(processorFlags()) : [];
}

/** Code that a processor with these flags can run, the best first. */
export function coreTypesOf(flags: ReadonlySet<string>): readonly CoreType[] {
  const types = Object.keys(needs) as CoreType[];
  return types.filter((type) => needs[type].split(" ").every((flag) => flags.has(flag)));
}

function processorFlags(): ReadonlySet<string> {
  try {
    return new Set(/^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1]?.trim().split(" "));
  } catch {
    return new Set();
  }
}

/** The environment of a process in which libraries take this code. */
export function environmentFor(coreType: CoreType): Readonly<Record<string, string>> {
  return { [variable]: coreType };
}

/**
 * Loads a library so that it takes this code. It stays loaded, so that other threads that open it get the same code. From a worker
 * thread, whose variables are its own, the library does not see it, and says so by its name.
 */
export function loadWith<Library>(coreType: CoreType | undefined, load: () => Library): Library {
  if (coreType === undefined) return load();
  process.env[variable] = coreType;
  try {
    return load();
  } finally {
    delete process.env[variable];
  }
}
