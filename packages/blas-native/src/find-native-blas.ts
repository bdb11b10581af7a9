import { runProbe, userCacheFolder } from "@attune/run-folder";
import type { GemmProvider } from "@attune/tensor-core";
import type { BlasLibrary } from "./blas-library.ts";
import { betterCoreTypes, type CoreType, environmentFor, loadWith, usesOldCode } from "./core-type.ts";
import type { LibraryFile } from "./library-files.ts";
import { libraryNames } from "./library-names.ts";
import { filesIn, keepProbe, readProbe } from "./probe-cache.ts";
import type { ProbeLine } from "./probe-worker.ts";

export interface BlasSearchOptions {
  /** Path or name of the one library to try, instead of the usual ones. */
  readonly library?: string | undefined;
  /** Milliseconds that a library may take to load and to multiply once. Default 20,000. */
  readonly timeout?: number | undefined;
  /**
   * Folder that keeps which library was right, so that a later process opens it without a trial. Default: the user's cache folder; false
   * tries anew.
   */
  readonly cache?: string | false | undefined;
}

/** A library that was tried and is not used. */
export interface BlasFailure {
  readonly path: string;
  readonly reason: string;
}

/** What a search found. */
export interface BlasSearch {
  readonly library: BlasLibrary | undefined;
  /** For `createCpuBackend({ gemm })`; undefined where there is no library. */
  readonly provider: GemmProvider | undefined;
  /** What was tried before, in order. */
  readonly failures: readonly BlasFailure[];
  /** The library's files and those that it needs, as they were: what a measurement of it holds for. Empty where it cannot be told. */
  readonly files: readonly LibraryFile[];
}

/**
 * Finds a native BLAS. Each candidate is loaded and made to multiply in a child process first, so that one that crashes, hangs or
 * computes wrongly costs this process nothing and is a failure in the answer. An OpenBLAS that does not know the processor and would
 * compute with code from before AVX2 is held to better code, unless `OPENBLAS_CORETYPE` is set. Takes 0.1 to 0.2 s; later processes take
 * the library that was found, without a child, while its files, Node and the processor are the same and no better name has come to be.
 */
export async function findNativeBlas(options: BlasSearchOptions = {}): Promise<BlasSearch> {
  const { library, timeout = 20_000, cache = userCacheFolder() } = options;
  const candidates: readonly string[] = library === undefined ? libraryNames(process.platform) : [library];
  return (cache !== false && (await openKept(cache, candidates))) || (await search(candidates, { timeout, cache }));
}

/** The library that an earlier search found, undefined where that does not hold any more. It says anew what it is. */
async function openKept(folder: string, candidates: readonly string[]): Promise<BlasSearch | undefined> {
  const kept = readProbe(folder, candidates);
  if (kept === undefined) return undefined;
  try {
    return found(await openHere(kept.name, kept.coreType), kept.failures, kept.files);
  } catch {
    return undefined;
  }
}

/** Opens a library in this process, which says what it is. */
async function openHere(name: string, coreType: CoreType | undefined): Promise<BlasLibrary> {
  const { openBlasLibrary } = await import("./blas-library.ts");
  return loadWith(coreType, () => openBlasLibrary(name).library);
}

interface SearchOptions {
  readonly timeout: number;
  readonly cache: string | false;
}

/** Tries candidates in child processes, a new one after each that died. */
async function search(candidates: readonly string[], { timeout, cache }: SearchOptions): Promise<BlasSearch> {
  const failures: BlasFailure[] = [];
  let left = candidates;
  while (left.length > 0) {
    const result = await probe(left, timeout);
    failures.push(...result.failures);
    if (result.found) {
      const { path: name } = result.found;
      const { coreType, clean, files } = await withBetterCode(result, result.found, timeout);
      if (cache !== false && clean) keepProbe(cache, candidates, { name, coreType, failures, files });
      return found(coreType ? await openHere(name, coreType) : result.found, failures, files);
    }
    left = left.slice(result.tried);
  }
  return { library: undefined, provider: undefined, failures, files: [] };
}

/** A library that was right, or the same with better code than it chose for itself. */
async function withBetterCode(
  result: ProbeResult,
  library: BlasLibrary,
  timeout: number,
): Promise<ProbeResult & { readonly coreType?: CoreType }> {
  for (const coreType of betterCoreTypes(library)) {
    const better = await probe([library.path], timeout, environmentFor(coreType));
    if (better.found && better.clean && !usesOldCode(better.found)) return { ...better, coreType };
  }
  return result;
}

function found(library: BlasLibrary, failures: readonly BlasFailure[], files: readonly LibraryFile[]): BlasSearch {
  const module = new URL(`./gemm-worker${extension()}`, import.meta.url).href;
  return { library, provider: { id: library.id, module, options: { path: library.path } }, failures, files };
}

interface ProbeResult {
  readonly found: BlasLibrary | undefined;
  readonly files: readonly LibraryFile[];
  readonly failures: readonly BlasFailure[];
  /** Candidates that were opened, the one that killed the probe included. */
  readonly tried: number;
  /** Whether the child ended as it should. */
  readonly clean: boolean;
}

/** Runs the probe until it is done, dies, or one library takes too long. */
async function probe(
  candidates: readonly string[],
  timeout: number,
  environment?: Readonly<Record<string, string>>,
): Promise<ProbeResult> {
  const failures: BlasFailure[] = [];
  let found: BlasLibrary | undefined;
  let files: readonly LibraryFile[] = [];
  let opening: string | undefined;
  let tried = 0;
  const module = new URL(`./probe-worker${extension()}`, import.meta.url);
  const end = await runProbe(module, {
    arguments: candidates,
    environment,
    timeout,
    onLine(text) {
      const line = text as unknown as ProbeLine;
      opening = "opening" in line ? line.opening : undefined;
      if ("opening" in line) tried++;
      else if ("failed" in line) failures.push({ path: line.failed, reason: line.reason });
      else if ("found" in line) {
        found = line.found as BlasLibrary;
        files = filesIn(text["files"]) ?? [];
      }
    },
  });
  if (tried === 0) failures.push({ path: module.href, reason: `the probe did not start: ${end}` });
  else if (opening !== undefined && found === undefined)
    failures.push({ path: opening, reason: `it ended its process: ${end}` });
  return { found, files, failures, tried: tried || candidates.length, clean: end === "exit code 0" };
}

function extension(): string {
  return import.meta.url.endsWith(".ts") ? ".ts" : ".js";
}
