import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type ResolvedRecipe, resolveRecipe } from "@attune/recipe";
import { runFolderLayout } from "@attune/run-folder";
import { AttuneError, type JsonObject } from "@attune/spec";
import { overridesOf, type RecipeFlag, type RecipeOptions, settingsOf } from "../options/recipe-options.ts";
import { recipes } from "../recipes.generated.ts";
import type { VerbContext } from "../verb.ts";

/**
 * Resolves the recipe that a verb is given, with its flags, `--set` and the environment over it. Plugins add to the recipe's.
 *
 * @param ofRun - what is different where the recipe is that of a run, unless a flag says otherwise
 */
export async function openRecipe(
  options: RecipeOptions,
  flags: readonly RecipeFlag[],
  { host, note }: Pick<VerbContext, "host" | "note">,
  ofRun: JsonObject = {},
): Promise<ResolvedRecipe> {
  const stray = (["include", "format", "unit", "columns", "keep"] as const).find((name) => options[name] !== undefined);
  if (stray !== undefined && options.data === undefined) {
    throw new AttuneError("OPTIONS_INVALID", `Expected --data beside --${stray}.`, {
      hint: `That of the recipe's own source is set by: --set data.source.${stray}${stray === "columns" ? ".text" : ""}=VALUE`,
    });
  }
  const reference = options.recipe ?? (await resumedRun(options));
  const source = reference === undefined ? {} : await findRecipe(reference);
  const resolveWith = (overrides: JsonObject): Promise<ResolvedRecipe> =>
    resolveRecipe({ ...source, environment: host.environment, overrides, set: settingsOf(options) });
  const overrides = { ...ofRun, ...overridesOf(options, flags) };
  const plain = await resolveWith(overrides);
  const plugins = [...new Set([...plain.config.plugins, ...options.plugin])];
  const resolved = options.plugin.length === 0 ? plain : await resolveWith({ ...overrides, plugins });
  for (const notice of resolved.notices) note(notice);
  return resolved;
}

/**
 * What judging a run by its folder means: the adapter or the model that it trained, unless a flag names another. Empty for anything
 * but the folder of a run. Throws `FILE_NOT_FOUND` for a run that has neither.
 */
export async function judgedRun({ recipe, model, adapter }: RecipeOptions): Promise<JsonObject> {
  if (recipe === undefined || !(await isFolder(recipe))) return {};
  const trained = runFolderLayout(resolve(recipe));
  const isRun = (await stat(trained.config).catch(() => undefined)) !== undefined;
  if (!isRun || model !== undefined || adapter !== undefined) return {};
  if (await isFolder(trained.adapter)) return { adapter: trained.adapter };
  if (await isFolder(trained.model)) return { model: trained.model };
  throw new AttuneError("FILE_NOT_FOUND", `Expected what the run in ${recipe} has trained, but it has not finished.`, {
    hint: "Go on with it by attune run --resume --output, or name the model that is to be judged by --model.",
    details: { file: trained.adapter },
  });
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

/** For verbs that flags alone cannot begin. Throws `OPTIONS_INVALID` where no recipe is named, and no run to go on with. */
export function requireRecipe(options: RecipeOptions): void {
  if (options.recipe !== undefined || (options["resume"] === true && options["output"] !== undefined)) return;
  throw new AttuneError("OPTIONS_INVALID", "Expected a recipe, the folder of a run, or --resume with --output.", {
    hint: `A recipe is the path of one, or a name: ${Object.keys(recipes).join(", ")}.`,
  });
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

/** `--resume --output DIR` says enough: the recipe is that of the run in DIR. Flags that begin a run may find none there yet. */
async function resumedRun({ resume, output, model, data }: RecipeOptions): Promise<string | undefined> {
  if (resume !== true || typeof output !== "string") return undefined;
  const isRun = (await stat(runFolderLayout(output).config).catch(() => undefined)) !== undefined;
  return isRun || (model === undefined && data === undefined) ? output : undefined;
}

async function configOfRun(folder: string): Promise<string> {
  const file = join(folder, "config.resolved.yaml");
  if (await stat(file).catch(() => undefined)) return file;
  throw new AttuneError("FILE_NOT_FOUND", `Expected a recipe or the folder of a run, but ${folder} holds no run.`, {
    hint: "The folder of a run has a config.resolved.yaml; otherwise give the path of a recipe.",
    details: { file },
  });
}

async function findRecipe(reference: string): Promise<{ readonly file: string; readonly text?: string }> {
  const found = await stat(reference).catch(() => undefined);
  if (found?.isDirectory()) return { file: await configOfRun(reference) };
  if (found === undefined && Object.hasOwn(recipes, reference)) {
    return { file: `${reference}.yaml`, text: builtInRecipe(reference) };
  }
  if (found === undefined && !/[./\\]/.test(reference)) {
    throw new AttuneError(
      "FILE_NOT_FOUND",
      `Expected a recipe, but there is no file and no recipe named "${reference}".`,
      {
        hint: `Give the path of a recipe, the folder of a run, or one of: ${Object.keys(recipes).join(", ")}.`,
        details: { file: reference },
      },
    );
  }
  return { file: reference };
}
