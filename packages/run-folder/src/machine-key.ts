import { arch, cpus } from "node:os";

/** A processor and the engine that runs on it. */
export type MachineKey = {
  readonly processor: string;
  readonly architecture: string;
  readonly node: string;
  readonly v8: string;
};

/** What a fact that was measured in this process holds for: part of the key of an entry in the user's cache. */
export function machineKey(): MachineKey {
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    architecture: arch(),
    node: process.versions.node,
    v8: process.versions.v8,
  };
}
