// Which modules an adapter gets, by PEFT's rules (tuners/tuners_utils.py, check_target_module_exists): a list entry matches a
// module of that name or whose name ends with "." + entry, a string is a regular expression that matches whole names,
// "all-linear" is every linear module but the head.
import type { ModelFamily, SiteDescription, SiteKind } from "@attune/models";
import { AttuneError } from "@attune/spec";
import type { AdapterMethod, ModelSites } from "./adapter-method.ts";
import { nearNames } from "./near-names.ts";
import type { OptionReader } from "./option-reader.ts";

/** Options that methods with target modules share; names and meaning are PEFT's `target_modules` and so on. */
export interface TargetOptions {
  /** A list of names, an expression, or "all-linear". Default: the family's for this method. */
  readonly targetModules?: string | readonly string[] | undefined;
  /** Modules to leave out, by the same rules. */
  readonly excludeModules?: string | readonly string[] | undefined;
  /** Layers to adapt; only with a list of names. Default all. */
  readonly layersToTransform?: readonly number[] | undefined;
  /** Name of the list of layers in module paths, for instance "layers". Default: the first number in the path counts. */
  readonly layersPattern?: readonly string[] | undefined;
  /** Modules that are trained as they are and saved whole; they are never adapted. */
  readonly modulesToSave?: readonly string[] | undefined;
}

/** Reads the keys of `TargetOptions`. @throws AttuneError `OPTIONS_INVALID` for pairs that exclude each other */
export function readTargetOptions(reader: OptionReader): TargetOptions {
  const targetModules = reader.textOrTexts("targetModules");
  const layersToTransform = reader.integers("layersToTransform");
  const layersPattern = reader.textOrTexts("layersPattern");
  return checkTargetOptions(reader, "targetModules", {
    targetModules,
    excludeModules: reader.textOrTexts("excludeModules"),
    layersToTransform,
    layersPattern: typeof layersPattern === "string" ? [layersPattern] : layersPattern,
    modulesToSave: reader.texts("modulesToSave"),
  });
}

/** Checks what PEFT refuses, and that expressions are expressions. `key` names the targets in messages. */
export function checkTargetOptions(reader: OptionReader, key: string, options: TargetOptions): TargetOptions {
  const { targetModules, layersToTransform, layersPattern } = options;
  if (typeof targetModules === "string" && !isAllLinear(targetModules) && layersToTransform !== undefined) {
    throw reader.error(
      key,
      "layers are chosen with a list of module names, not with an expression.",
      "Put the layers into the expression.",
    );
  }
  if (layersPattern !== undefined && layersToTransform === undefined) {
    throw reader.error(
      "layersPattern",
      "a layers pattern says where layers are counted, but no layers are chosen.",
      "Give layersToTransform too.",
    );
  }
  for (const source of [targetModules, options.excludeModules])
    if (typeof source === "string") expression(source, reader.error);
  for (const source of layersPattern ?? []) expression(source, reader.error);
  for (const source of options.modulesToSave ?? []) expression(source, reader.error);
  const given = Object.entries(options).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(given) as TargetOptions;
}

/** Targets of a method in a family where its options name none: the family's, then the method's own. */
export function defaultTargets(
  method: Pick<AdapterMethod<never>, "id" | "defaults">,
  family: ModelFamily,
): readonly string[] {
  const found = family.defaults[method.id] ?? method.defaults.targets?.(family);
  if (found) return found.targets;
  throw new AttuneError(
    "OPTIONS_INVALID",
    `Method "${method.id}" has no default targets in models of the family "${family.id}".`,
    {
      hint: "Name the modules to adapt in targetModules.",
      details: { key: "targetModules" },
    },
  );
}

/** The sites that the options choose, in the order of the forward pass. */
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

/** Sites of modules that `modulesToSave` names: modules whose name ends with an entry, with everything inside. */
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

/** The value of the first pattern that matches a module: `(.*\.)?(pattern)$`, as `rank_pattern` and `alpha_pattern` are read. */
export function patternValue(patterns: Readonly<Record<string, number>>, module: string): number | undefined {
  const found = Object.entries(patterns).find(([pattern]) => patternExpression(pattern).test(module));
  return found?.[1];
}

/**
 * Refuses patterns whose order matters: PEFT sorts them when it saves, so that another pattern would be the first to match.
 *
 * @throws AttuneError `OPTIONS_INVALID` naming the module and both patterns
 */
export function assertPatternsAgree(
  key: string,
  patterns: Readonly<Record<string, number>>,
  modules: readonly string[],
): void {
  const entries = Object.entries(patterns).map(([pattern, value]) => ({
    pattern,
    value,
    expression: patternExpression(pattern),
  }));
  for (const module of modules) {
    const [first, ...others] = entries.filter(({ expression }) => expression.test(module));
    if (first === undefined) continue;
    const sortedFirst = [first, ...others].sort((a, b) => (a.pattern < b.pattern ? -1 : 1))[0]!;
    if (sortedFirst.value !== first.value) {
      throw new AttuneError(
        "OPTIONS_INVALID",
        `${key}: module "${module}" matches "${first.pattern}" (${first.value}) and "${sortedFirst.pattern}" (${sortedFirst.value}), and a PEFT file keeps patterns sorted, so the other one would win.`,
        { hint: "Make the patterns exclude each other.", details: { key } },
      );
    }
  }
}

function patternExpression(pattern: string): RegExp {
  return expression(`(.*\\.)?(${pattern})`, (_, sentence) => new AttuneError("OPTIONS_INVALID", sentence));
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
  if (typeof targets === "string")
    return expression(targets, (_, sentence) => new AttuneError("OPTIONS_INVALID", sentence)).test(name);
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

/** A Python expression that must match a whole name. The syntax is the common part of Python's and JavaScript's. */
function expression(source: string, error: (key: string, sentence: string) => AttuneError): RegExp {
  try {
    return new RegExp(`^(?:${source.replaceAll("(?P<", "(?<")})$`);
  } catch (cause) {
    throw error("targetModules", `"${source}" is not a regular expression: ${(cause as Error).message}.`);
  }
}

function isAllLinear(targets: TargetOptions["targetModules"]): boolean {
  return typeof targets === "string" && targets.toLowerCase() === "all-linear";
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

function matchesNothing(
  targets: string | readonly string[],
  possible: readonly SiteDescription[],
  key = "targetModules",
): AttuneError {
  const wanted = typeof targets === "string" ? targets : targets.join(", ");
  const ends = [...new Set(possible.map(({ name }) => name.split(".").at(-1)!))];
  const near = nearNames(typeof targets === "string" ? targets : (targets[0] ?? ""), ends, 8);
  return new AttuneError("OPTIONS_INVALID", `${key} "${wanted}" matches no module of this model.`, {
    hint: `Names that it has: ${near.join(", ")}.`,
    details: { key },
  });
}
