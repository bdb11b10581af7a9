import type { Contract, JsonValue, TextRecord } from "@attune/spec";
import type { StageCounters } from "./stage-counters.ts";

/** What a stage is given beside records and options. */
export interface DataStageContext {
  /** Counts what the stage does with which rule; every record that does not come out again must be counted as dropped. */
  readonly counters: StageCounters;
  /** An empty folder for what does not fit in memory; it is removed afterwards. */
  readonly scratch: string;
  /** Bytes that the stage may hold in buffers before it spills. */
  readonly memoryBudget: number;
  /** Aborts the stage. */
  readonly signal?: AbortSignal | undefined;
  /** Adds a value to the `report` of the manifest, for example cluster sizes. */
  report(name: string, value: JsonValue): void;
}

/**
 * A step of data preparation: records in, records out, as streams. It is a pure function of its records and options,
 * so that its result can be cached; `version` changes whenever the result for some input does.
 */
export interface DataStage<Options = unknown> extends Contract<"data-stage"> {
  /** Part of the cache key. */
  readonly version: string;
  /** One sentence for lists of stages. */
  readonly description: string;
  /** Checks options from a recipe or a command line and fills in defaults. Throws `OPTIONS_INVALID` or `CONFIG_UNKNOWN_KEY`. */
  parse(options: unknown): Options;
  /** Streams the records through the stage. */
  run(records: AsyncIterable<TextRecord>, options: Options, context: DataStageContext): AsyncIterable<TextRecord>;
}
