import { join } from "node:path";
import { hashJson } from "@attune/run-folder";
import type { JsonValue } from "@attune/spec";
import type { RunContext } from "../session/run-options.ts";
import { type PreparedData, prepareData } from "./prepare-data.ts";
import { type DataParts, readParts } from "./read-parts.ts";
import { type PartsSummary, summariseParts } from "./summarise-parts.ts";
import { labelsOf } from "./training-rows.ts";

/** The data of a run, ready to be used. */
export interface RecipeData {
  readonly prepared: PreparedData;
  readonly parts: DataParts;
  /** Sizes of the parts, and what is in several of them. */
  readonly summary: PartsSummary;
  /** Labels that are told apart; undefined for data without. */
  readonly labels: readonly string[] | undefined;
  /** Hash of everything above. */
  readonly fingerprint: string;
}

/** Prepares and reads the data of a run. */
export async function loadRecipeData(
  context: Pick<RunContext, "recipe" | "toolbox" | "cache" | "signal" | "onProgress"> & { readonly folder: string },
): Promise<RecipeData> {
  const { recipe, toolbox, cache, signal, onProgress, folder } = context;
  const { config, baseDirectory } = recipe;
  const output = join(folder, "data");
  const prepared = await prepareData({ data: config.data, toolbox, baseDirectory, output, cache, signal, onProgress });
  const parts = await readParts(prepared.source, config.data, config.seed, signal);
  const labels = labelled(config) ? labelsOf(parts.train, config.evaluation?.labels ?? null) : undefined;
  const source = await prepared.source.fingerprint();
  const fingerprint = hashJson([source, config.data.limits, config.seed] as unknown as JsonValue);
  return { prepared, parts, summary: summariseParts(parts, prepared), labels, fingerprint };
}

/** Whether records are told apart by label: where labels are judged, or have words of their own. */
function labelled({ evaluation, template }: RunContext["recipe"]["config"]): boolean {
  return evaluation?.task === "classification" || template.completions !== null;
}
