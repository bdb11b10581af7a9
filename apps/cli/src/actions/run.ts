import { runRecipe } from "@attune/recipe";
import { describeRun } from "../describe/describe-run.ts";
import { openRecipe, outputOf, requireRecipe } from "../open/open-recipe.ts";
import { openToolbox } from "../open/open-toolbox.ts";
import { trainFlags } from "../options/recipe-flags.ts";
import type { RunFolderOptions } from "../options/recipe-options.ts";
import type { VerbAction } from "../verb.ts";

/** Runs every stage of a recipe. */
export const run: VerbAction<RunFolderOptions> = async (options, context) => {
  requireRecipe(options);
  const recipe = await openRecipe(options, trainFlags, context);
  const toolbox = await openToolbox(context.host, recipe.config.plugins, { directory: recipe.baseDirectory });
  const { signal, onProgress } = context;
  const { resume, cache } = options;
  const result = await runRecipe(recipe, { toolbox, output: outputOf(recipe), resume, cache, signal, onProgress });
  return describeRun(result, recipe.config);
};
