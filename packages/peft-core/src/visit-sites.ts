// Active adapters become visitors: one an adapter, the first innermost, so that additive methods sum in the order of the list. A
// choice per row is made between the results of each adapter alone; what they have in common is computed once (CSE).
import type { ParameterSource, SiteCrossing, SiteNext, SiteVisitor } from "@attune/models";
import { AttuneError } from "@attune/spec";
import { equal, reshape, type Tensor, where } from "@attune/tensor-core";
import { siteKey } from "./adapter-parameter.ts";
import type { AttachedAdapter } from "./attach-adapters.ts";
import { sharedTensors, siteTensors } from "./read-tensors.ts";

/** How adapters act in one trace. */
export interface VisitorOptions {
  /** Names of the adapters that act. Default all; an empty list is the base. */
  readonly active?: readonly string[] | undefined;
  /** u32 `[4]` random state of the training step, for dropout. Without it nothing is dropped. */
  readonly random?: Tensor | undefined;
  /** i32 `[B]`: each row of the batch has the adapter of this index in `active`, and no other; -1 has none. */
  readonly rows?: Tensor | undefined;
}

/** Visitors of the given adapters. @throws AttuneError `CONFIG_INCOMPATIBLE` where two active adapters replace the same parameter */
export function visitSites(
  active: readonly AttachedAdapter[],
  placement: ParameterSource,
  { random, rows }: VisitorOptions,
): readonly SiteVisitor[] {
  const visitors = active.map((adapter) => visitorOf(adapter, placement, random));
  if (rows !== undefined) return active.length === 0 ? [] : [chooseByRow(active, visitors, rows)];
  assertDistinctReplacements(active);
  return visitors.toReversed();
}

function visitorOf(adapter: AttachedAdapter, placement: ParameterSource, random: Tensor | undefined): SiteVisitor {
  const { method, options, layout } = adapter;
  const sites = new Map(layout.sites.map((entry) => [siteKey(entry.site), entry]));
  return (crossing, next) => {
    const entry = sites.get(siteKey(crossing));
    if (entry === undefined) return next();
    const parameters = siteTensors(adapter, entry, placement, crossing.trace);
    const replaced = replacements(entry.parameters, parameters);
    const goOn: SiteNext = (given = {}) => next({ ...given, parameters: { ...replaced, ...given.parameters } });
    const declared = Object.values(entry.parameters);
    const onlyReplaces = declared.length > 0 && declared.every(({ replaces }) => replaces !== undefined);
    if (onlyReplaces || method.forward === undefined) return goOn();
    const shared = sharedTensors(adapter, placement, crossing.trace);
    return method.forward({ options, crossing: withReplaced(crossing, replaced), parameters, shared, random }, goOn);
  };
}

/** Tensors that take the place of the site's own, by the site's names. */
function replacements(
  declarations: Readonly<Record<string, { readonly replaces?: string | undefined }>>,
  tensors: Readonly<Record<string, Tensor>>,
): Readonly<Record<string, Tensor>> {
  const found = Object.entries(declarations).filter(([, { replaces }]) => replaces !== undefined);
  return Object.fromEntries(found.map(([local, { replaces }]) => [replaces!, tensors[local]!]));
}

function withReplaced(crossing: SiteCrossing, replaced: Readonly<Record<string, Tensor>>): SiteCrossing {
  const changed = Object.entries(replaced).map(([name, tensor]) => [
    name,
    { name: crossing.parameters[name]!.name, shape: tensor.shape, read: () => tensor },
  ]);
  return { ...crossing, parameters: { ...crossing.parameters, ...Object.fromEntries(changed) } };
}

function chooseByRow(active: readonly AttachedAdapter[], visitors: readonly SiteVisitor[], rows: Tensor): SiteVisitor {
  const keys = active.map(({ layout }) => new Set(layout.sites.map(({ site }) => siteKey(site))));
  return (crossing, next) => {
    const key = siteKey(crossing);
    let result = next();
    visitors.forEach((visitor, index) => {
      if (!keys[index]!.has(key)) return;
      const adapted = visitor(crossing, next);
      result = where(equal(alongRows(rows, adapted, crossing), index), adapted, result);
    });
    return result;
  };
}

/** The choice `[B]` as `[B, 1, ...]`, to be broadcast over a site's result. */
function alongRows(rows: Tensor, result: Tensor, { name, kind }: SiteCrossing): Tensor {
  const count = rows.shape[0]!;
  if (result.shape.length < 2 || result.shape[0] !== count) {
    throw new AttuneError(
      "CONFIG_INCOMPATIBLE",
      `Adapters are chosen for ${count} rows, but the ${kind} site "${name}" is crossed with [${result.shape.join(", ")}], whose first axis is not the batch.`,
      { hint: "Adapt other sites, or run the rows of each adapter in a batch of their own." },
    );
  }
  return reshape(rows, [count, ...result.shape.slice(1).map(() => 1)]);
}

function assertDistinctReplacements(active: readonly AttachedAdapter[]): void {
  const owners = new Map<string, string>();
  for (const { name, parameters } of active) {
    for (const { site, replaces } of parameters) {
      if (site === undefined || replaces === undefined) continue;
      const parameter = `${site.name}.${replaces}`;
      const owner = owners.get(parameter);
      if (owner !== undefined) {
        throw new AttuneError(
          "CONFIG_INCOMPATIBLE",
          `Adapters "${owner}" and "${name}" both replace "${parameter}"; only one of them can be active.`,
          {
            hint: "Activate one of them, or choose between them row by row.",
          },
        );
      }
      owners.set(parameter, name);
    }
  }
}
