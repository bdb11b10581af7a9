import { type Tensor, Trace, tensorType } from "@attune/tensor-core";
import { forwardLogits } from "./forward.ts";
import { rotaryTables } from "./layers/rotary.ts";
import type { ModelConfig, ModelFamily } from "./model-family.ts";
import type { ParameterPlacement } from "./parameter-source.ts";
import { createScope } from "./scope.ts";
import type { SiteDescription, SiteVisitor } from "./site.ts";

/** Every site of a model in the order of its forward pass, found by tracing it over one token. */
export function listSites<C extends ModelConfig>(family: ModelFamily<C>, config: C): readonly SiteDescription[] {
  const sites: SiteDescription[] = [];
  const record: SiteVisitor = ({ kind, name, part, inFeatures, outFeatures, parameters }, next): Tensor => {
    const described = Object.entries(parameters).map(
      ([key, { name: full, shape }]) => [key, { name: full, shape }] as const,
    );
    sites.push({
      kind,
      name,
      ...(part ? { part } : {}),
      inFeatures,
      outFeatures,
      parameters: Object.fromEntries(described),
    });
    return next();
  };
  const trace = new Trace();
  const scope = createScope(trace, { parameters: nominalParameters(family, config), visitors: [record] });
  const token = (name: string): Tensor => trace.input(name, tensorType([1, 1], "i32"));
  forwardLogits({ family: family as unknown as ModelFamily, config }, scope, {
    ids: token("ids"),
    positions: token("positions"),
  });
  return sites;
}

/** Placements for tracing alone: the shapes are right, the weights are nowhere. */
function nominalParameters<C extends ModelConfig>(family: ModelFamily<C>, config: C): Map<string, ParameterPlacement> {
  const parameters = new Map<string, ParameterPlacement>();
  for (const { name, shape } of family.parameters(config))
    parameters.set(name, { kind: "weight", name, type: tensorType(shape) });
  const width = family.rotaryTables(config, { positions: 1, sequenceLength: 1 }).cos.length;
  for (const name of Object.values(rotaryTables))
    parameters.set(name, { kind: "weight", name, type: tensorType([1, width]) });
  return parameters;
}
