import { arch } from "node:os";
import { type Processor, processor } from "./processor.ts";

/** A processor and the engine that runs on it. */
export type MachineKey = {
  readonly processor: Processor;
  readonly architecture: string;
  readonly node: string;
  readonly v8: string;
};

/** What a fact that was measured in this process holds for: part of the key of an entry in the user's cache. */
export function machineKey(): MachineKey {
  return { processor: processor(), architecture: arch(), node: process.versions.node, v8: process.versions.v8 };
}
