import { evaluateModel } from "@attune/recipe";
import type { JsonObject } from "@attune/spec";
import { describeResults } from "../describe/describe-results.ts";
import { judgedRun, openRecipe } from "../open/open-recipe.ts";
import { openToolbox } from "../open/open-toolbox.ts";
import { evalFlags } from "../options/recipe-flags.ts";
import type { RecipeOptions } from "../options/recipe-options.ts";
import type { VerbAction } from "../verb.ts";

/** Judges a model. */
export const evaluate: VerbAction<RecipeOptions> = async (options, context) => {
  // A recipe's output is the folder of its run, whose own judgement must not be written over.
  const recipe = await openRecipe(options, evalFlags, context, { output: null, ...(await judgedRun(options)) });
  const toolbox = await openToolbox(context.host, recipe.config.plugins, { directory: recipe.baseDirectory });
  const { signal, onProgress, note: onNotice } = context;
  const { adapter, output: folder, report } = recipe.config;
  const output = folder ?? undefined;
  const { table, general } = await evaluateModel(recipe, { toolbox, output, signal, onProgress, onNotice });
  const lines = [
    describeResults(table, {
      unit: report.unit,
      names: { adapted: adapter === null ? "model" : "model with adapter" },
    }),
  ];
  if (general !== undefined) {
    const { bitsPerByte, perplexity } = general;
    lines.push(`general text: ${bitsPerByte.value.toFixed(3)} bits/byte, perplexity ${perplexity.value.toFixed(1)}`);
  }
  if (output !== undefined) lines.push(`predictions in ${output}`);
  return { json: { table, ...(general && { general }) } as unknown as JsonObject, text: lines.join("\n") };
};
