import type { JsonValue } from "@attune/spec";
import type { Failure } from "./result.ts";
import type { SuiteOptions } from "./section.ts";

/** What a child process is asked to run. */
export interface WorkerRequest {
  readonly section: string;
  readonly options: SuiteOptions;
  readonly folder: string;
  /** It runs the items whose number leaves `shard` when divided by `shards`, from number `from` on. */
  readonly shard: number;
  readonly shards: number;
  readonly from: number;
}

/** What it says, a line each; `again` means that a new process has to go on. */
export type WorkerLine =
  | { readonly say: "items"; readonly count: number }
  | { readonly say: "start"; readonly index: number; readonly name: string }
  | { readonly say: "found"; readonly index: number; readonly milliseconds: number; readonly value?: JsonValue }
  | { readonly say: "failed"; readonly index: number; readonly milliseconds: number; readonly failure: Failure }
  | { readonly say: "notice"; readonly text: string }
  | { readonly say: "doing"; readonly text: string }
  | { readonly say: "broken"; readonly failure: Failure }
  | { readonly say: "again" }
  | { readonly say: "end" };
