import { runProbe } from "@attune/run-folder";
import type { GemmProvider } from "@attune/tensor-core";
import type { BlasLibrary } from "./blas-library.ts";
import { libraryNames } from "./library-names.ts";
import type { ProbeLine } from "./probe-worker.ts";

export interface BlasSearchOptions {
  /** Path or name of the one library to try, instead of the usual ones. */
  readonly library?: string | undefined;
  /** Milliseconds that a library may take to load and to multiply once. Default 20,000. */
  readonly timeout?: number | undefined;
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
}

/**
 * Finds a native BLAS. Each candidate is loaded and made to multiply in a child process first, so that one that crashes, hangs or
 * computes wrongly costs this process nothing and is a failure in the answer. Takes about 0.2 s.
 */
export async function findNativeBlas({ library, timeout = 20_000 }: BlasSearchOptions = {}): Promise<BlasSearch> {
  const failures: BlasFailure[] = [];
  let left: readonly string[] = library === undefined ? libraryNames(process.platform) : [library];
  while (left.length > 0) {
    const result = await probe(left, timeout);
    failures.push(...result.failures);
    if (result.found) {
      const { path, id } = result.found;
      const module = new URL(`./gemm-worker${extension()}`, import.meta.url).href;
      return { library: result.found, provider: { id, module, options: { path } }, failures };
    }
    left = left.slice(result.tried);
  }
  return { library: undefined, provider: undefined, failures };
}

interface ProbeResult {
  readonly found: BlasLibrary | undefined;
  readonly failures: readonly BlasFailure[];
  /** Candidates that were opened, the one that killed the probe included. */
  readonly tried: number;
}

/** Runs the probe until it is done, dies, or one library takes too long. */
async function probe(candidates: readonly string[], timeout: number): Promise<ProbeResult> {
  const failures: BlasFailure[] = [];
  let found: BlasLibrary | undefined;
  let opening: string | undefined;
  let tried = 0;
  const module = new URL(`./probe-worker${extension()}`, import.meta.url);
  const end = await runProbe(module, {
    arguments: candidates,
    timeout,
    onLine(text) {
      const line = text as unknown as ProbeLine;
      opening = "opening" in line ? line.opening : undefined;
      if ("opening" in line) tried++;
      else if ("failed" in line) failures.push({ path: line.failed, reason: line.reason });
      else if ("found" in line) found = line.found as BlasLibrary;
    },
  });
  if (tried === 0)
    return {
      found,
      failures: [{ path: module.href, reason: `the probe did not start: ${end}` }],
      tried: candidates.length,
    };
  if (opening !== undefined && found === undefined)
    failures.push({ path: opening, reason: `it ended its process: ${end}` });
  return { found, failures, tried };
}

function extension(): string {
  return import.meta.url.endsWith(".ts") ? ".ts" : ".js";
}
