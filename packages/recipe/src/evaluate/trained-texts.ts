import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { normaliseText, stageSource } from "@attune/data-core";
import { runFolderLayout } from "@attune/run-folder";
import type { TextRecord } from "@attune/spec";
import { resolveRecipe } from "../config/resolve-recipe.ts";
import { readParts } from "../data/read-parts.ts";

/** The texts that an adapter or a model has learnt from. */
export interface TrainedTexts {
  /** The run that trained it. */
  readonly run: string;
  has(record: TextRecord): boolean;
}

/**
 * The texts that the run around an adapter, a model or a merged model was trained on; undefined for a path outside a run
 * and for a run without data of its own.
 */
export async function trainedTexts(path: string, signal?: AbortSignal): Promise<TrainedTexts | undefined> {
  const layout = runFolderLayout(dirname(path));
  if (![layout.adapter, layout.model, layout.merged].includes(path) || !(await exists(layout.config))) return undefined;
  const { config } = await resolveRecipe({ file: layout.config });
  const stage = Object.entries(config.data.stages).findLast(([, options]) => options !== false)?.[0];
  if (stage === undefined || !(await exists(layout.data(stage).manifest))) return undefined;
  const { train } = await readParts(await stageSource(layout.data(stage).folder), config.data, config.seed, signal);
  const texts = new Set(train.map(keyOf));
  return { run: layout.folder, has: (record) => texts.has(keyOf(record)) };
}

/** Records in another case or spacing are the same text. */
function keyOf({ text }: TextRecord): string {
  return normaliseText(text, "fold-space");
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
