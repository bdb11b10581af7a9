import type { ResolvedRecipe } from "../config/resolve-recipe.ts";
import { loadRecipeData } from "../data/recipe-data.ts";
import { withRun } from "../session/open-run.ts";
import type { RunOptions } from "../session/run-options.ts";
import { hashFolder } from "../toolbox/hash-folder.ts";
import { openModel } from "../toolbox/open-model.ts";
import { type AdaptResult, adapt, buildTaskRows } from "./adapt.ts";

/** Trains what a recipe says and nothing else: its data, then `output/adapter` or, for every parameter, `output/model`. */
export function trainModel(
  recipe: ResolvedRecipe,
  options: RunOptions,
): Promise<AdaptResult & { readonly output: string }> {
  return withRun(recipe, options, "train", async (context) => {
    const { session, runtime, toolbox, signal, onProgress } = context;
    const { config, baseDirectory } = recipe;
    const data = await loadRecipeData({ ...context, folder: session.layout.folder });
    const { tokenizer, storage } = config;
    const request = { model: config.model!, tokenizer, storage, baseDirectory, signal, onProgress };
    const base = await openModel(toolbox, runtime, request);
    const hashes = { base: await hashFolder(base.folder), data: data.fingerprint };
    const rows = buildTaskRows(config, data, base);
    const result = await adapt(context, rows, base, hashes);
    return { ...result, output: config.method.id === "full" ? session.layout.model : session.layout.adapter };
  });
}
