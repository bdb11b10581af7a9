import { trainFlags } from "../options/recipe-flags.ts";
import { addRecipeOptions, type RunFolderOptions } from "../options/recipe-options.ts";
import type { Verb } from "../verb.ts";

/** Every stage of a recipe. */
export const runVerb: Verb<RunFolderOptions> = {
  name: "run",
  summary: "run every stage of a recipe: data, evaluation, training, report",
  arguments: [["[recipe]", "recipe file, folder of a run, or name of a recipe that comes with Attune"]],
  examples: [
    "attune run recipe.yaml",
    "attune run recipe.yaml --data my.jsonl --set training.steps=50 --output runs/quick",
    "attune run --resume --output runs/quick",
  ],
  interruptible: true,
  configure: (command) => addRecipeOptions(command, { flags: trainFlags, data: true }),
  load: async () => (await import("../actions/run.ts")).run,
};
