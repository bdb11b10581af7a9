import { runRecipe } from "@attune/recipe";
import { listenForProfile } from "../describe/describe-profile.ts";
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
  const output = outputOf(recipe);
  const { onProfile, addTo } = listenForProfile(options.profile, output);
  const result = await runRecipe(recipe, { toolbox, output, resume, cache, signal, onProgress, onProfile });
  return addTo(describeRun(result, recipe.config));
};
