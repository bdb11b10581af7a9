import { evalFlags } from "../options/recipe-flags.ts";
import { addRecipeOptions, type RecipeOptions } from "../options/recipe-options.ts";
import type { Verb } from "../verb.ts";

/** A model judged. */
export const evalVerb: Verb<RecipeOptions> = {
  name: "eval",
  summary: "judge a model on a task, beside baselines, with intervals",
  arguments: [
    ["[recipe]", "recipe file, folder of a run (whose adapter is judged), or name of a recipe that comes with Attune"],
  ],
  examples: [
    "attune eval runs/mail",
    "attune eval recipe.yaml --adapter runs/mail/adapter",
    "attune eval --model attune:tiny --data texts.jsonl --task perplexity --json",
  ],
  interruptible: true,
  configure: (command) => addRecipeOptions(command, { flags: evalFlags, data: true, writes: false }),
  load: async () => (await import("../actions/eval.ts")).evaluate,
};
