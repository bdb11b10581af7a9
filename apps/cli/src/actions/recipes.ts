import { builtInRecipe } from "../open/open-recipe.ts";
import { recipes } from "../recipes.generated.ts";
import { quotePath } from "../terminal/quote-path.ts";
import { renderTable } from "../terminal/table.ts";
import type { VerbAction } from "../verb.ts";
import type { RecipesCopyOptions } from "../verbs/recipes.ts";
import { writeNewFile } from "./write-new-file.ts";

/** Lists what is there, with the first sentence of each. */
export const listRecipes: VerbAction<object> = async () => {
  const list = Object.entries(recipes).map(([name, text]) => ({ name, description: firstSentence(text) }));
  const rows = list.map(({ name, description }) => [name, description]);
  return { json: { recipes: list }, text: renderTable(["name", "does"], rows, { alignLeft: true }) };
};

/** Copies a recipe; a file that is there is never overwritten. */
export const copyRecipe: VerbAction<RecipesCopyOptions> = async ({ name, output = `${name}.yaml` }) => {
  const text = builtInRecipe(name);
  await writeNewFile(output, text);
  return { json: { name, output }, text: `written to ${output}; run it with: attune run ${quotePath(output)}` };
};

/** The first sentence of the comment that a recipe opens with. */
function firstSentence(text: string): string {
  const comment = /^(?:#[^\n]*\n)+/.exec(text)?.[0] ?? "";
  const words = comment.replace(/^# ?/gm, "").replace(/\s+/g, " ").trim();
  return /^.*?[.:](?= |$)/.exec(words)?.[0].replace(/:$/, ".") ?? words;
}
