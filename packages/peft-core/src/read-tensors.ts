import { type ParameterPlacement, type ParameterSource, readPlacement } from "@attune/models";
import { AttuneError } from "@attune/spec";
import type { Tensor, Trace } from "@attune/tensor-core";
import type { AdapterMethod, NamedTensors, TracedAdapter } from "./adapter-method.ts";
import type { AdaptedSite, AdapterLayout } from "./adapter-parameter.ts";

/** The part of an attached adapter that reading its tensors takes. */
interface Readable {
  readonly name: string;
  readonly options: unknown;
  readonly method: AdapterMethod;
  readonly layout: AdapterLayout;
}

/** Tensors of an adapter at one site, by local name. */
export function siteTensors(
  { name }: Readable,
  { site, parameters }: AdaptedSite,
  placement: ParameterSource,
  trace: Trace,
): NamedTensors {
  return readAll(Object.keys(parameters), (local) => `${name}/${site.name}.${local}`, placement, trace);
}

/** Tensors that belong to no site, by local name. */
export function sharedTensors({ name, layout }: Readable, placement: ParameterSource, trace: Trace): NamedTensors {
  return readAll(Object.keys(layout.shared ?? {}), (local) => `${name}/${local}`, placement, trace);
}

/** All tensors of an adapter. */
export function traceAdapter(adapter: Readable, placement: ParameterSource, trace: Trace): TracedAdapter<unknown> {
  return {
    options: adapter.options,
    layout: adapter.layout,
    trace,
    shared: sharedTensors(adapter, placement, trace),
    sites: adapter.layout.sites.map((entry) => ({
      site: entry.site,
      parameters: siteTensors(adapter, entry, placement, trace),
    })),
  };
}

function readAll(
  locals: readonly string[],
  nameOf: (local: string) => string,
  placement: ParameterSource,
  trace: Trace,
): NamedTensors {
  return Object.fromEntries(locals.map((local) => [local, readParameter(trace, nameOf(local), placement)]));
}

function readParameter(trace: Trace, name: string, placement: ParameterSource): Tensor {
  const place: ParameterPlacement | undefined = placement.get(name);
  if (place === undefined) {
    throw new AttuneError("ID_UNKNOWN", `Adapter parameter "${name}" is not placed in this runtime.`, {
      hint: "Place the adapter's values with placeForInference or placeForTraining.",
    });
  }
  return readPlacement(trace, place);
}
