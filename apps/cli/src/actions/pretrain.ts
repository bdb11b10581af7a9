import { pretrain } from "@attune/recipe";
import { formatCount, type JsonObject } from "@attune/spec";
import { listenForProfile } from "../describe/describe-profile.ts";
import { openRecipe, outputOf, requireRecipe } from "../open/open-recipe.ts";
import { openToolbox } from "../open/open-toolbox.ts";
import { pretrainFlags } from "../options/recipe-flags.ts";
import type { RunFolderOptions } from "../options/recipe-options.ts";
import type { VerbAction } from "../verb.ts";

/** Trains every parameter on whole texts, from scratch or from a model that is there. */
export const pretrainModel: VerbAction<RunFolderOptions> = async (options, context) => {
  requireRecipe(options);
  const recipe = await openRecipe(options, pretrainFlags, context);
  const toolbox = await openToolbox(context.host, recipe.config.plugins, { directory: recipe.baseDirectory });
  const { signal, onProgress } = context;
  const { resume, cache } = options;
  const output = outputOf(recipe);
  const { onProfile, addTo } = listenForProfile(options.profile, output);
  const result = await pretrain(recipe, { toolbox, output, resume, cache, signal, onProgress, onProfile });
  const { parameters, steps, trainedTokens, general, model } = result;
  const lines = [
    `${formatCount(parameters)} parameters, ${formatCount(steps)} steps, ${formatCount(trainedTokens)} trained tokens`,
    ...(general === undefined
      ? []
      : [`general text: ${general.bitsPerByte.toFixed(3)} bits/byte, perplexity ${general.perplexity.toFixed(1)}`]),
    `written to ${model}`,
  ];
  return addTo({ json: { ...result } as unknown as JsonObject, text: lines.join("\n") });
};
