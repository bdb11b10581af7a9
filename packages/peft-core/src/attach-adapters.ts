import { listSites, type Model, type ParameterSource, type SiteVisitor } from "@attune/models";
import { AttuneError } from "@attune/spec";
import { elementCount, type Trace } from "@attune/tensor-core";
import { type AdapterCounts, type AdapterDescription, countAdapters, describeAdapter } from "./adapter-counts.ts";
import { type AdapterLossTerms, traceLossTerms } from "./adapter-loss-terms.ts";
import type { AdapterMethod, AdapterParameterGroup, ModelSites } from "./adapter-method.ts";
import type { AdapterLayout, AdapterParameter } from "./adapter-parameter.ts";
import { listParameters } from "./list-parameters.ts";
import { type VisitorOptions, visitSites } from "./visit-sites.ts";

/** An adapter to attach. */
export interface AdapterRequest {
  /** Also its folder's name, unless it is "default". */
  readonly name: string;
  readonly method: AdapterMethod;
  /** What the method's `parse` takes. */
  readonly options: unknown;
  /** True for options of a file: its list of targets may name modules that this model does not have. Default false. */
  readonly allowUnmatchedTargets?: boolean | undefined;
}

/** An adapter over the sites of a model. */
export interface AttachedAdapter {
  readonly name: string;
  readonly method: AdapterMethod;
  /** As parsed. */
  readonly options: unknown;
  readonly layout: AdapterLayout;
  readonly parameters: readonly AdapterParameter[];
}

/** A parameter to train, as `@attune/train` takes it. */
export interface TrainableAdapterParameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initial: () => Float32Array;
  readonly group: string;
}

/** Adapters of one model: what they are, apart from where their values lie. Nothing here changes the model. */
export interface Adapters {
  readonly model: Pick<Model, "family" | "config">;
  readonly sites: ModelSites["sites"];
  readonly list: readonly AttachedAdapter[];
  /** @throws AttuneError `ID_UNKNOWN` */
  get(name: string): AttachedAdapter;
  /** Every parameter of every adapter. */
  readonly parameters: readonly AdapterParameter[];
  /** Parameters for an optimizer's store, with their first values. */
  trainable(values: ReadonlyMap<string, Float32Array>): TrainableAdapterParameter[];
  /** Groups of those parameters; `default` first. */
  readonly groups: readonly AdapterParameterGroup[];
  /**
   * What a trace of the model is visited by. Which adapters are active is fixed by this call; another trace may have others and
   * share the same placement.
   */
  visitors(placement: ParameterSource, options?: VisitorOptions): readonly SiteVisitor[];
  /** Terms that active adapters add to the loss. */
  lossTerms(trace: Trace, placement: ParameterSource, active?: readonly string[]): AdapterLossTerms;
  /** Placeholder tokens in front of each document. */
  virtualTokens(active?: readonly string[]): number;
  counts(): AdapterCounts;
  describe(): readonly AdapterDescription[];
}

/** The group of parameters that name none. */
const defaultGroup: AdapterParameterGroup = { name: "default", learningRateScale: 1 };

/**
 * Lays adapters over the sites of a model.
 *
 * @throws AttuneError `OPTIONS_INVALID` for options that a method refuses, targets that match nothing, or a name used twice;
 * `CONFIG_INCOMPATIBLE` for targets that a method cannot adapt
 */
export function attachAdapters(model: Pick<Model, "family" | "config">, requests: readonly AdapterRequest[]): Adapters {
  const sites = listSites(model.family, model.config);
  const list = requests.map((request) =>
    attach({ ...model, sites, allowUnmatchedTargets: request.allowUnmatchedTargets }, request),
  );
  assertNames(list.map(({ name }) => name));
  const byName = new Map(list.map((adapter) => [adapter.name, adapter]));
  const parameters = list.flatMap((adapter) => adapter.parameters);
  const get = (name: string): AttachedAdapter => {
    const found = byName.get(name);
    if (found) return found;
    throw new AttuneError("ID_UNKNOWN", `Expected the name of an attached adapter, got "${name}".`, {
      hint: `Attached: ${[...byName.keys()].join(", ") || "none"}.`,
    });
  };
  const chosen = (active?: readonly string[]): readonly AttachedAdapter[] =>
    active === undefined ? list : active.map(get);
  return {
    model,
    sites,
    list,
    get,
    parameters,
    trainable: (values) =>
      parameters
        .filter(({ role }) => role === "trained")
        .map(({ name, shape, group }) => ({ name, shape, group, initial: () => valuesOf(values, name, shape) })),
    groups: [defaultGroup, ...list.flatMap(groupsOf)],
    visitors: (placement, options = {}) => visitSites(chosen(options.active), placement, options),
    lossTerms: (trace, placement, active) => traceLossTerms(chosen(active), trace, placement),
    virtualTokens: (active) =>
      chosen(active).reduce((sum, { method, options }) => sum + (method.virtualTokens?.(options) ?? 0), 0),
    counts: () => countAdapters(model, list),
    describe: () => list.map(describeAdapter),
  };
}

function attach(model: ModelSites, { name, method, options: given }: AdapterRequest): AttachedAdapter {
  const options = method.parse(given);
  const layout = method.layout(options, model);
  const groups = new Set(method.groups?.(options).map((group) => group.name));
  return { name, method, options, layout, parameters: listParameters(name, method.id, layout, groups) };
}

function groupsOf({ name, method, options }: AttachedAdapter): AdapterParameterGroup[] {
  return (method.groups?.(options) ?? []).map((group) => ({ ...group, name: `${name}/${group.name}` }));
}

/** Adapter names are folder names. */
function assertNames(names: readonly string[]): void {
  for (const [index, name] of names.entries()) {
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name)) {
      throw new AttuneError(
        "OPTIONS_INVALID",
        `Expected an adapter name of letters, digits, "_", "-" and ".", got "${name}".`,
      );
    }
    if (names.indexOf(name) !== index)
      throw new AttuneError("OPTIONS_INVALID", `Two adapters have the name "${name}".`);
  }
}

/** Values of a parameter, checked against its shape. @throws AttuneError `ID_UNKNOWN` or `SHAPE_MISMATCH` */
export function valuesOf(
  values: ReadonlyMap<string, Float32Array>,
  name: string,
  shape: readonly number[],
): Float32Array {
  const found = values.get(name);
  if (found === undefined)
    throw new AttuneError("ID_UNKNOWN", `Expected values of adapter parameter "${name}", but there are none.`);
  if (found.length !== elementCount(shape)) {
    throw new AttuneError(
      "SHAPE_MISMATCH",
      `Adapter parameter "${name}" has shape [${shape.join(", ")}] but ${found.length} values.`,
    );
  }
  return found;
}
