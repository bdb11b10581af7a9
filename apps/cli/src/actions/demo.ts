import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { createPackageResolver, type PackageResolver } from "@attune/data-core";
import { type RecipeConfig, runRecipe } from "@attune/recipe";
import { AttuneError } from "@attune/spec";
import { describePlan } from "../describe/describe-plan.ts";
import { describeRun } from "../describe/describe-run.ts";
import { openRecipe, outputOf } from "../open/open-recipe.ts";
import { openToolbox } from "../open/open-toolbox.ts";
import type { VerbAction } from "../verb.ts";
import type { DemoOptions } from "../verbs/demo.ts";

/** Runs the mail recipe on attune:tiny; a second run goes on with what the first one left. */
export const demo: VerbAction<DemoOptions> = async (options, context) => {
  const { host, signal, onProgress, note } = context;
  const recipe = await openRecipe({ ...options, recipe: "mail" }, [], context);
  const folders = [options.packages, "."].map((folder) => resolve(folder));
  assertInstalled(packagesOf(recipe.config), folders);
  const output = outputOf(recipe);
  if (existsSync(join(output, "config.resolved.yaml")))
    note(`${output} holds a demo already: what is done there is used again.`);
  note("Attune cleans real mails, trains a small language model with LoRA to tell spam from mail, and judges it.");
  const toolbox = await openToolbox(host, recipe.config.plugins, { resolvePackage: resolveFrom(folders) });
  const onPlan = (plan: Parameters<typeof describePlan>[0]): void => note(`\nBudget\n${describePlan(plan)}\n`);
  const result = await runRecipe(recipe, { toolbox, output, resume: true, signal, onProgress, onPlan });
  return describeRun(result, recipe.config);
};

/** npm packages that the recipe reads. */
function packagesOf({ data, evaluation }: RecipeConfig): string[] {
  const sources: unknown[] = [data.source, evaluation?.general?.source].flat();
  const names = sources.map((source) => (source as { package?: unknown } | null | undefined)?.package);
  return names.filter((name) => typeof name === "string");
}

/** Names every package that is missing at once, so that one command installs them all. */
function assertInstalled(names: readonly string[], folders: readonly string[]): void {
  const missing = names.filter((name) => folders.every((folder) => !isInstalled(name, folder)));
  if (missing.length === 0) return;
  throw new AttuneError(
    "DEPENDENCY_MISSING",
    `The demo reads ${missing.join(" and ")} from npm, which ${missing.length > 1 ? "are" : "is"} not installed here.`,
    { hint: `Install with: npm install ${missing.join(" ")}`, details: { packages: missing } },
  );
}

function isInstalled(name: string, folder: string): boolean {
  try {
    createRequire(join(folder, "resolver.js")).resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** Looks for a package in the first folder that has it. */
function resolveFrom(folders: readonly string[]): PackageResolver {
  return (name) => createPackageResolver(folders.find((folder) => isInstalled(name, folder)) ?? folders[0]!)(name);
}
