import type { Tensor } from "@attune/tensor-core";
import type { Scope } from "./scope.ts";
import type { SiteCrossing, SiteDescription, SiteParameter } from "./site.ts";

/** What a layer says of the site that it crosses. */
export interface SiteToCross extends Omit<SiteDescription, "name" | "parameters"> {
  readonly x: Tensor;
  readonly residual?: Tensor | undefined;
  readonly parameters?: Readonly<Record<string, SiteParameter>>;
  /** What the site does; parameters are those of the model unless a visitor replaced them. */
  compute(x: Tensor, read: (name: string) => Tensor | undefined): Tensor;
}

/** Crosses a site: through every visitor of the scope in order, then to the computation itself. */
export function crossSite(scope: Scope, site: SiteToCross): Tensor {
  const { compute, parameters: own = {}, ...description } = site;
  const go = (position: number, x: Tensor, parameters: Readonly<Record<string, SiteParameter>>): Tensor => {
    const visitor = scope.visitors[position];
    if (visitor === undefined) return compute(x, (name) => parameters[name]?.read());
    const { trace, name, context } = scope;
    const crossing: SiteCrossing = { ...description, name, x, parameters, trace, scope, context };
    return visitor(crossing, (replaced = {}) =>
      go(position + 1, replaced.x ?? x, withReplaced(scope, parameters, replaced.parameters)),
    );
  };
  return scope.enter(() => go(0, site.x, own));
}

function withReplaced(
  scope: Scope,
  parameters: Readonly<Record<string, SiteParameter>>,
  replaced: Readonly<Record<string, Tensor>> | undefined,
): Readonly<Record<string, SiteParameter>> {
  if (replaced === undefined) return parameters;
  const result = { ...parameters };
  for (const [key, tensor] of Object.entries(replaced)) {
    const name = parameters[key]?.name ?? `${scope.name}.${key}`;
    result[key] = { name, shape: tensor.shape, read: () => tensor };
  }
  return result;
}
