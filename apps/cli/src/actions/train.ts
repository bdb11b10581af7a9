import { trainModel } from "@attune/recipe";
import type { JsonObject } from "@attune/spec";
import { listenForProfile } from "../describe/describe-profile.ts";
import { describeTraining } from "../describe/describe-training.ts";
import { openRecipe, outputOf } from "../open/open-recipe.ts";
import { openToolbox } from "../open/open-toolbox.ts";
import { trainFlags } from "../options/recipe-flags.ts";
import type { RunFolderOptions } from "../options/recipe-options.ts";
import type { VerbAction } from "../verb.ts";

/** Trains what a recipe says, without judging it. */
export const train: VerbAction<RunFolderOptions> = async (options, context) => {
  const recipe = await openRecipe(options, trainFlags, context);
  const toolbox = await openToolbox(context.host, recipe.config.plugins, { directory: recipe.baseDirectory });
  const { signal, onProgress } = context;
  const { resume, cache } = options;
  const output = outputOf(recipe);
  const { onProfile, addTo } = listenForProfile(options.profile, output);
  const result = await trainModel(recipe, { toolbox, output, resume, cache, signal, onProgress, onProfile });
  return addTo({
    json: { ...result } as unknown as JsonObject,
    text: `${describeTraining(result)}\nwritten to ${result.output}`,
  });
};
