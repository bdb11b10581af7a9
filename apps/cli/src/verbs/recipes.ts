import type { OutputOptions, Verb } from "../verb.ts";

export interface RecipesCopyOptions extends OutputOptions {
  readonly name: string;
  readonly output?: string;
}

/** Recipes that come with Attune. */
export const recipesListVerb: Verb<OutputOptions> = {
  name: "recipes list",
  summary: "list the recipes that come with Attune",
  examples: ["attune recipes list"],
  load: async () => (await import("../actions/recipes.ts")).listRecipes,
};

/** A recipe as a file of one's own. */
export const recipesCopyVerb: Verb<RecipesCopyOptions> = {
  name: "recipes copy",
  summary: "write a recipe that comes with Attune into a file, to change it",
  arguments: [["<name>", "name of the recipe"]],
  examples: ["attune recipes copy mail --output my-mail.yaml"],
  configure(command) {
    command.option("--output <file>", "the file (default: NAME.yaml)");
  },
  load: async () => (await import("../actions/recipes.ts")).copyRecipe,
};
