import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
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
    const probe = await runProbe(left, timeout);
    failures.push(...probe.failures);
    if (probe.found) {
      const { path, id } = probe.found;
      const module = new URL(`./gemm-worker${extension()}`, import.meta.url).href;
      return { library: probe.found, provider: { id, module, options: { path } }, failures };
    }
    left = left.slice(probe.tried);
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
async function runProbe(candidates: readonly string[], timeout: number): Promise<ProbeResult> {
  const file = fileURLToPath(new URL(`./probe-worker${extension()}`, import.meta.url));
  const child = spawn(process.execPath, [file, ...candidates], { stdio: ["ignore", "pipe", "ignore"] });
  const failures: BlasFailure[] = [];
  let found: BlasLibrary | undefined;
  let opening: string | undefined;
  let tried = 0;
  let late = false;
  const giveUp = (): void => {
    late = true;
    child.kill("SIGKILL");
  };
  let timer = setTimeout(giveUp, timeout);
  const ended = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  for await (const text of createInterface({ input: child.stdout })) {
    const line = parseLine(text);
    if (line === undefined) continue;
    if ("opening" in line) {
      opening = line.opening;
      tried++;
      clearTimeout(timer);
      timer = setTimeout(giveUp, timeout);
    } else if ("failed" in line) failures.push({ path: line.failed, reason: line.reason });
    else found = line.found as BlasLibrary;
    if (!("opening" in line)) opening = undefined;
  }
  const reason = await ended;
  clearTimeout(timer);
  if (tried === 0)
    return {
      found,
      failures: [{ path: file, reason: `the probe did not start: ${reason}` }],
      tried: candidates.length,
    };
  if (opening !== undefined && found === undefined) {
    failures.push({
      path: opening,
      reason: late ? `it did not answer within ${timeout} ms` : `it crashed (${reason})`,
    });
  }
  return { found, failures, tried };
}

/** A line of the probe; libraries may print lines of their own. */
function parseLine(text: string): ProbeLine | undefined {
  try {
    const line = JSON.parse(text) as ProbeLine | null;
    return typeof line === "object" && line !== null ? line : undefined;
  } catch {
    return undefined;
  }
}

function extension(): string {
  return import.meta.url.endsWith(".ts") ? ".ts" : ".js";
}
