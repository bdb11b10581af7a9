import { describeConfig, formatOrigin, recipeJsonSchema } from "@attune/recipe";
import type { JsonValue } from "@attune/spec";
import { openRecipe } from "../open/open-recipe.ts";
import type { RecipeOptions } from "../options/recipe-options.ts";
import { renderTable } from "../terminal/table.ts";
import type { VerbAction } from "../verb.ts";

const shownCharacters = 48;

/** Shows every value of a resolved recipe with its origin. */
export const showConfig: VerbAction<RecipeOptions> = async (options, context) => {
  const entries = describeConfig(await openRecipe(options, [], context));
  const values = entries.map(({ path, value, origin }) => ({ path, value, origin: formatOrigin(origin) }));
  const rows = values.map(({ path, value, origin }) => [path, shorten(value), origin]);
  return { json: { values }, text: renderTable(["key", "value", "from"], rows, { alignLeft: true }) };
};

/** Prints the schema; with or without --json it is the same document, without a version of its own. */
export const printSchema: VerbAction<object> = async (_, { write }) => {
  await write(`${JSON.stringify(recipeJsonSchema(), null, 2)}\n`);
  return undefined;
};

function shorten(value: JsonValue): string {
  const text = JSON.stringify(value);
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters - 1)}…` : text;
}
