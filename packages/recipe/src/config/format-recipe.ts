import { runFolderLayout } from "@attune/run-folder";
import { stringify } from "yaml";
import type { RecipeConfig } from "./recipe-config.ts";
import { type ResolvedRecipe, resolveRecipe } from "./resolve-recipe.ts";

/** A configuration as YAML, complete: what `config.resolved.yaml` holds. */
export function formatRecipe(config: RecipeConfig): string {
  return stringify(config, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** Reads the configuration of a run folder. @throws AttuneError `FILE_NOT_FOUND` where the folder holds no run */
export function readRunRecipe(folder: string): Promise<ResolvedRecipe> {
  return resolveRecipe({ file: runFolderLayout(folder).config, workingDirectory: folder });
}
