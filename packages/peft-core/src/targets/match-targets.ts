// Which modules an adapter gets, by PEFT's rules (tuners/tuners_utils.py, check_target_module_exists): a list entry matches a
// module of that name or whose name ends with "." + entry, a string is a regular expression that matches whole names,
// "all-linear" is every linear module but the head.
import type { SiteDescription, SiteKind } from "@attune/models";
import { AttuneError } from "@attune/spec";
import type { ModelSites } from "../adapter-method.ts";
import { matchesNothing } from "./matches-nothing.ts";
import { moduleExpression } from "./module-expression.ts";
import { isAllLinear, type TargetOptions } from "./target-options.ts";

/**
 * The sites that the options choose, in the order of the forward pass.
 *
 * @throws AttuneError `OPTIONS_INVALID` for targets that match nothing, `CONFIG_INCOMPATIBLE` for a site of a kind that the method does not
 * adapt
 */
export function matchTargets(
  { sites, allowUnmatchedTargets = false }: Pick<ModelSites, "sites" | "allowUnmatchedTargets">,
  targets: TargetOptions & { readonly targetModules: string | readonly string[] },
  { method, kinds }: { readonly method: string; readonly kinds: readonly SiteKind[] },
): readonly SiteDescription[] {
  const { targetModules, modulesToSave = [] } = targets;
  const all = isAllLinear(targetModules);
  const saved = modulesToSave.map((name) => new RegExp(`^(?:|.*\\.)(?:${name})(?:$|\\..*)`));
  const excluded = ({ name }: SiteDescription): boolean =>
    (targets.excludeModules !== undefined && nameMatches(targets.excludeModules, name)) ||
    saved.some((pattern) => pattern.test(name));
  const chosen = sites.filter(
    (site) => !excluded(site) && (all ? site.kind === "linear" : isTarget(targets, site.name)),
  );
  const possible = sites.filter(({ kind }) => kinds.includes(kind));
  const found = chosen.filter(({ kind }) => kinds.includes(kind));
  const other = chosen.find(({ kind, name }) => !kinds.includes(kind) && !found.some((site) => site.name === name));
  if (other !== undefined) throw cannotAdapt(other, method, kinds);
  if (found.length === 0) throw matchesNothing(targetModules, possible);
  const useless =
    typeof targetModules === "string"
      ? undefined
      : targetModules.find((entry) => !sites.some(({ name }) => nameMatches([entry], name)));
  if (useless !== undefined && !allowUnmatchedTargets) throw matchesNothing([useless], possible);
  return found;
}

function isTarget({ targetModules, layersToTransform, layersPattern }: TargetOptions, name: string): boolean {
  if (typeof targetModules === "string") return nameMatches(targetModules, name);
  if (targetModules!.includes(name)) return true;
  if (!nameMatches(targetModules!, name)) return false;
  if (layersToTransform === undefined || layersToTransform.length === 0) return true;
  const layer = layerOf(name, layersPattern ?? []);
  return layer !== undefined && layersToTransform.includes(layer);
}

function nameMatches(targets: string | readonly string[], name: string): boolean {
  if (typeof targets === "string") return moduleExpression(targets).test(name);
  return targets.some((entry) => name === entry || name.endsWith(`.${entry}`));
}

/** The first number in a module path, or the one that follows a layers pattern. */
function layerOf(name: string, patterns: readonly string[]): number | undefined {
  const expressions =
    patterns.length === 0
      ? [/^.*?\.[^.]*\.(\d+)\./]
      : patterns.map((pattern) => new RegExp(`^(?:|.*?\\.)(?:${pattern})\\.(\\d+)\\.`));
  const found = expressions.map((pattern) => pattern.exec(name)?.[1]).find((layer) => layer !== undefined);
  return found === undefined ? undefined : Number(found);
}

function cannotAdapt(site: SiteDescription, method: string, kinds: readonly SiteKind[]): AttuneError {
  return new AttuneError(
    "CONFIG_INCOMPATIBLE",
    `Method "${method}" adapts sites of kind ${kinds.join(", ")}, but the targets match "${site.name}", which is of kind ${site.kind}.`,
    {
      hint: "Name the linear modules themselves, or leave this one out with excludeModules.",
      details: { key: "targetModules" },
    },
  );
}
