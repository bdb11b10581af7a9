// What a section of the suite is. Its items run one after the other in a child process; one that kills the child, hangs or loses the device
// fails alone, and the next child goes on behind it.
import type { JsonValue } from "@attune/spec";
import type { Backend } from "@attune/tensor-core";

/** One thing that is tried: what it finds is kept, what it throws is a failure. */
export interface Item {
  readonly name: string;
  run(): Promise<JsonValue | undefined>;
}

/** Items that answer one question. */
export interface Section {
  readonly name: string;
  /** What people are told while it runs. */
  readonly title: string;
  /** Seconds that it may take, and those of a quick run; one without these is left out of a quick run. */
  readonly seconds: number;
  readonly quickSeconds?: number;
  /** Seconds without a sign of life from an item after which its child is killed. */
  readonly itemSeconds: number;
  /** Child processes side by side, each with its share of the items; default 1, as whatever is timed needs. */
  readonly shards?: number;
  /** Whether a GPU in software would never end. */
  readonly needsHardware?: boolean;
  items(context: SectionContext): Promise<readonly Item[]>;
}

/** What a section is given. */
export interface SectionContext {
  readonly options: SuiteOptions;
  /** Opens the device that the suite runs on; products in f16 only where they passed their self-test. */
  open(products?: "f32" | "f16"): Promise<Backend>;
  /** Says what an item is at: a sign of life, and the last one is kept where the item never ends. */
  doing(text: string): void;
  /** A folder for files, which is removed in the end. */
  readonly folder: string;
}

/** What the whole suite is asked. */
export interface SuiteOptions {
  readonly quick: boolean;
  /** Flags for Dawn beside the backend's own, and part of the adapter's name. */
  readonly flags: readonly string[] | undefined;
  readonly adapter: string | undefined;
  /** Peaks of the device, as `parseDevice` takes them. */
  readonly peaks: string | undefined;
}
