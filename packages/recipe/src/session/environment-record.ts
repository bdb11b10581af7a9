import { execFile } from "node:child_process";
import { arch, availableParallelism, cpus, platform, release, totalmem } from "node:os";
import { promisify } from "node:util";
import type { JsonObject } from "@attune/spec";
import type { Runtime } from "@attune/tensor-core";
import { numericsOf } from "../toolbox/numerics-class.ts";
import { packageVersion } from "../toolbox/package-version.ts";

/** What a run ran on: versions, device, machine, and the git revision of the working directory. */
export async function describeEnvironment(runtime: Runtime, threads: number | null): Promise<JsonObject> {
  const { id, capabilities } = runtime.backend;
  return {
    attune: packageVersion,
    node: process.versions.node,
    v8: process.versions.v8,
    platform: `${platform()} ${arch()} ${release()}`,
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    device: id,
    threads: threads ?? availableParallelism(),
    numerics: [...numericsOf(capabilities)],
    features: [...capabilities.features].sort(),
    gitRevision: await gitRevision(),
  };
}

async function gitRevision(): Promise<string | null> {
  try {
    return (await promisify(execFile)("git", ["rev-parse", "HEAD"], { timeout: 5000 })).stdout.trim();
  } catch {
    return null; // No git, or no repository: a run does not need one.
  }
}
