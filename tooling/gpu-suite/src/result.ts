// The document of results: written anew after every item, so that whatever ends the suite costs one item.
import type { JsonObject, JsonValue } from "@attune/spec";
import type { SuiteOptions } from "./section.ts";
import type { AdapterDescription } from "./sections/describe-adapter.ts";

/** What went wrong with an item. */
export interface Failure {
  readonly name: string;
  /** A sentence, or how the child process ended. */
  readonly reason: string;
  readonly code?: string;
  readonly hint?: string;
  /** What the error knows beside its sentence, and the shaders of the kernels that ran. */
  readonly details?: JsonValue;
  readonly stack?: string;
}

/** What came of a section. `time limit` and `gave up` leave items behind that were not run. */
export interface SectionResult {
  state: "running" | "done" | "time limit" | "gave up" | "left out";
  /** Why it was left out. */
  why?: string;
  seconds: number;
  items: number;
  passed: number;
  /** The item that was stopped because the section's time was over, and what it was at. */
  stopped?: string;
  /** Number of the item that comes next, of each process side by side: where a run that was stopped goes on. */
  next: number[];
  failures: Failure[];
  /** What items found, by name. */
  found: Record<string, JsonValue>;
  /** The slowest items, in milliseconds. */
  slowest: Record<string, number>;
  /** What the backend said it does otherwise than asked for. */
  notices: string[];
  /** Children that had to be replaced, and the end of what they printed: drivers speak there. */
  restarts: number;
  printed: string;
  /** Clocks, power and temperature right after it, where the driver's tool says so. */
  gpu?: JsonValue;
}

/** An environment in which an adapter was looked for. */
export interface TriedEnvironment {
  readonly name: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly adapter?: AdapterDescription;
  readonly error?: string;
  /** The end of what the driver's loader printed. */
  readonly printed: string;
}

/** The document. */
export interface SuiteResult {
  readonly version: 2;
  state: "running" | "complete" | "incomplete" | "no GPU";
  /** What is wrong, the most important first; empty if nothing is. */
  problems: string[];
  readonly started: string;
  ended?: string;
  readonly options: SuiteOptions;
  /** Of the folder: versions, commit and day. */
  readonly packed: JsonObject;
  readonly machine: JsonObject;
  environments: TriedEnvironment[];
  adapter?: AdapterDescription;
  sections: Record<string, SectionResult>;
}

/** A section that was stopped, to go on with; its failures stay. */
export function resumed(earlier: SectionResult | undefined): SectionResult {
  if (earlier === undefined || earlier.state === "left out") return emptyResult();
  const { stopped: _, ...kept } = earlier;
  return { ...kept, state: "running", restarts: 0, printed: "" };
}

/** A section before its first item. */
export function emptyResult(): SectionResult {
  return {
    state: "running",
    seconds: 0,
    items: 0,
    passed: 0,
    next: [],
    failures: [],
    found: {},
    slowest: {},
    notices: [],
    restarts: 0,
    printed: "",
  };
}
