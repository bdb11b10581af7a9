import type { Verb } from "../verb.ts";
import { dataCleanVerb } from "./data-clean.ts";
import { dataDedupVerb } from "./data-dedup.ts";
import { dataPiiVerb } from "./data-pii.ts";
import { dataPreviewVerb } from "./data-preview.ts";
import { dataSplitVerb } from "./data-split.ts";
import { dataStatsVerb } from "./data-stats.ts";
import { doctorVerb } from "./doctor.ts";
import { tokenizeVerb } from "./tokenize.ts";

/** What the words in front of two-word verbs stand for. */
export const verbGroups: Readonly<Record<string, string>> = {
  data: "prepare and look at records",
};

/** All verbs, in the order in which help lists them. */
export const verbs: readonly Verb[] = [
  doctorVerb,
  dataCleanVerb,
  dataDedupVerb,
  dataPiiVerb,
  dataSplitVerb,
  dataStatsVerb,
  dataPreviewVerb,
  tokenizeVerb,
];
