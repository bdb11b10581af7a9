import { planFlags } from "../options/recipe-flags.ts";
import { addRecipeOptions, type RecipeOptions } from "../options/recipe-options.ts";
import type { Verb } from "../verb.ts";

/** Memory and time before a run. */
export const planVerb: Verb<RecipeOptions> = {
  name: "plan",
  summary: "predict memory and time of a run, without taking a step",
  arguments: [["<recipe>", "recipe file, folder of a run, or name of a recipe that comes with Attune"]],
  examples: ["attune plan recipe.yaml", "attune plan recipe.yaml --rows 8 --rank 32 --json"],
  interruptible: true,
  configure: (command) => addRecipeOptions(command, { flags: planFlags, data: true, writes: false }),
  load: async () => (await import("../actions/plan.ts")).plan,
};
