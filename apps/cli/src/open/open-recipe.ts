import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type ResolvedRecipe, resolveRecipe } from "@attune/recipe";
import { AttuneError, type JsonObject } from "@attune/spec";
import { overridesOf, type RecipeFlag, type RecipeOptions, settingsOf } from "../options/recipe-options.ts";
import { recipes } from "../recipes.generated.ts";
import type { VerbContext } from "../verb.ts";

/** Resolves the recipe that a verb is given, with its flags, `--set` and the environment over it. Plugins add to the recipe's. */
export async function openRecipe(
  options: RecipeOptions,
  flags: readonly RecipeFlag[],
  { host, note }: Pick<VerbContext, "host" | "note">,
): Promise<ResolvedRecipe> {
  if (options.columns !== undefined && options.data === undefined) {
    throw new AttuneError("OPTIONS_INVALID", "Expected --data beside --columns.", {
      hint: "Columns of the recipe's own source are set by: --set data.source.columns.text=NAME",
    });
  }
  const source = options.recipe === undefined ? {} : await findRecipe(options.recipe);
  const resolveWith = (overrides: JsonObject): Promise<ResolvedRecipe> =>
    resolveRecipe({ ...source, environment: host.environment, overrides, set: settingsOf(options) });
  const overrides = overridesOf(options, flags);
  const plain = await resolveWith(overrides);
  const plugins = [...new Set([...plain.config.plugins, ...options.plugin])];
  const resolved = options.plugin.length === 0 ? plain : await resolveWith({ ...overrides, plugins });
  for (const notice of resolved.notices) note(notice);
  return resolved;
}

/** The folder of a run: what the recipe says, else `runs/NAME`. */
export function outputOf({ config }: ResolvedRecipe): string {
  return resolve(config.output ?? join("runs", config.name));
}

/** The text of a recipe that comes with Attune. Throws `ID_UNKNOWN` naming those that are there. */
export function builtInRecipe(name: string): string {
  const text = Object.hasOwn(recipes, name) ? recipes[name] : undefined;
  if (text !== undefined) return text;
  throw new AttuneError("ID_UNKNOWN", `Expected a recipe that comes with Attune, but received "${name}".`, {
    hint: `Use one of: ${Object.keys(recipes).join(", ")}.`,
    details: { key: name },
  });
}

async function findRecipe(reference: string): Promise<{ readonly file: string; readonly text?: string }> {
  const found = await stat(reference).catch(() => undefined);
  if (found?.isDirectory()) return { file: join(reference, "config.resolved.yaml") };
  if (found === undefined && Object.hasOwn(recipes, reference)) {
    return { file: `${reference}.yaml`, text: builtInRecipe(reference) };
  }
  return { file: reference };
}
