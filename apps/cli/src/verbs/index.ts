import type { Verb } from "../verb.ts";
import { configSchemaVerb, configShowVerb } from "./config.ts";
import { dataCleanVerb } from "./data-clean.ts";
import { dataDedupVerb } from "./data-dedup.ts";
import { dataPiiVerb } from "./data-pii.ts";
import { dataPreviewVerb } from "./data-preview.ts";
import { dataSplitVerb } from "./data-split.ts";
import { dataStatsVerb } from "./data-stats.ts";
import { demoVerb } from "./demo.ts";
import { doctorVerb } from "./doctor.ts";
import { evalVerb } from "./eval.ts";
import { generateVerb } from "./generate.ts";
import { initVerb } from "./init.ts";
import { mergeVerb } from "./merge.ts";
import { planVerb } from "./plan.ts";
import { pretrainVerb } from "./pretrain.ts";
import { recipesCopyVerb, recipesListVerb } from "./recipes.ts";
import { runVerb } from "./run.ts";
import { scoreVerb } from "./score.ts";
import { tokenizeVerb } from "./tokenize.ts";
import { trainVerb } from "./train.ts";

/** What the words in front of two-word verbs stand for. */
export const verbGroups: Readonly<Record<string, string>> = {
  recipes: "recipes that come with Attune",
  config: "what a recipe says when everything is resolved",
  data: "prepare and look at records",
};

/** All verbs, in the order in which help lists them. */
export const verbs: readonly Verb[] = [
  demoVerb,
  initVerb,
  planVerb,
  runVerb,
  recipesListVerb,
  recipesCopyVerb,
  configShowVerb,
  configSchemaVerb,
  doctorVerb,
  dataCleanVerb,
  dataDedupVerb,
  dataPiiVerb,
  dataSplitVerb,
  dataStatsVerb,
  dataPreviewVerb,
  pretrainVerb,
  trainVerb,
  evalVerb,
  mergeVerb,
  tokenizeVerb,
  scoreVerb,
  generateVerb,
];
