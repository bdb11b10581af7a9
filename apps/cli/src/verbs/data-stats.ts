import { addDataInput, type DataInputOptions } from "../options/data-options.ts";
import type { Verb } from "../verb.ts";

/** Lengths, labels, duplicates. */
export const dataStatsVerb: Verb<DataInputOptions> = {
  name: "data stats",
  summary: "describe records: lengths, labels, sources, duplicates",
  examples: ["attune data stats --input train.csv --columns text=text,label=category"],
  configure: addDataInput,
  load: async () => (await import("../actions/data-stats.ts")).dataStats,
};
