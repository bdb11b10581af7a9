import type { ModelSites } from "../adapter-method.ts";
import type { AdaptedSite } from "../adapter-parameter.ts";
import { matchSavedModules } from "./match-saved-modules.ts";

/** What an adapter has at the modules of `modulesToSave`: all their own parameters, trained in the place of the base's. */
export function savedModuleSites(
  model: Pick<ModelSites, "sites">,
  modulesToSave: readonly string[] = [],
): readonly AdaptedSite[] {
  return matchSavedModules(model, modulesToSave).map((site) => ({
    site,
    parameters: Object.fromEntries(
      Object.entries(site.parameters).map(([local, { shape }]) => [local, { shape, replaces: local }]),
    ),
  }));
}
