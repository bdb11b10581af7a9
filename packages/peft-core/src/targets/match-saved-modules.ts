import type { SiteDescription } from "@attune/models";
import type { ModelSites } from "../adapter-method.ts";
import { matchesNothing } from "./matches-nothing.ts";

/**
 * Sites of modules that `modulesToSave` names: modules whose name ends with an entry, with everything inside.
 *
 * @throws AttuneError `OPTIONS_INVALID` for an entry that matches nothing
 */
export function matchSavedModules(
  { sites }: Pick<ModelSites, "sites">,
  modulesToSave: readonly string[],
): readonly SiteDescription[] {
  const owners = sites.filter(({ parameters }) => Object.keys(parameters).length > 0);
  for (const entry of modulesToSave) {
    if (owners.some(({ name }) => isSaved(name, [entry]))) continue;
    throw matchesNothing([entry], owners, "modulesToSave");
  }
  return owners.filter(({ name }) => isSaved(name, modulesToSave));
}

/** PEFT compares with the end of the name of the module itself or of one around it. */
function isSaved(name: string, modulesToSave: readonly string[]): boolean {
  const parts = name.split(".");
  const paths = parts.map((_, index) => parts.slice(0, index + 1).join("."));
  return paths.some((path) => modulesToSave.some((entry) => path.endsWith(entry)));
}
