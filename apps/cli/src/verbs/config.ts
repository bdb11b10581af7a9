import { addRecipeOptions, type RecipeOptions } from "../options/recipe-options.ts";
import type { OutputOptions, Verb } from "../verb.ts";

/** Every value with its origin. */
export const configShowVerb: Verb<RecipeOptions> = {
  name: "config show",
  summary: "show every value of a recipe and where it comes from",
  arguments: [["[recipe]", "recipe file, folder of a run, or name of a recipe that comes with Attune"]],
  examples: ["attune config show recipe.yaml --set training.steps=50", "attune config show mail --json"],
  configure: (command) => addRecipeOptions(command, { flags: [], writes: false }),
  load: async () => (await import("../actions/config.ts")).showConfig,
};

/** For editors. */
export const configSchemaVerb: Verb<OutputOptions> = {
  name: "config schema",
  summary: "print the JSON schema of recipes, for editors",
  examples: ["attune config schema > recipe.schema.json"],
  load: async () => (await import("../actions/config.ts")).printSchema,
};
