import { type Model, readParameter } from "@attune/models";
import { AttuneError } from "@attune/spec";
import type { Runtime } from "@attune/tensor-core";
import type { AdapterToWrite, TensorToWrite } from "@attune/weights";
import type { AdapterLayout, AdapterParameter } from "../adapter-parameter.ts";
import { type Adapters, type AttachedAdapter, valuesOf } from "../attach-adapters.ts";
import { bareName, listParameters } from "../list-parameters.ts";
import { type AdapterOrigin, ownOrigin, writePeftConfig } from "./peft-config.ts";

/** What an adapter's files say beside the adapter. */
export interface SaveAdapterOptions {
  /** The adapter to save; may be left out where there is one. */
  readonly name?: string | undefined;
  readonly origin?: Partial<AdapterOrigin> | undefined;
}

/**
 * An adapter as PEFT's files hold it: what `writeAdapterFolder` and `encodeAdapterFiles` take.
 *
 * @param values - by parameter name; those of other adapters are not looked at
 * @throws AttuneError `DATA_EMPTY` for an adapter without exported tensors, `NUMERICS` for values that are not finite
 */
export function exportAdapter(
  runtime: Runtime,
  model: Model,
  adapters: Adapters,
  values: ReadonlyMap<string, Float32Array>,
  { name, origin = {} }: SaveAdapterOptions = {},
): AdapterToWrite {
  const adapter = adapters.get(name ?? onlyName(adapters));
  const file = exportedFile(adapters, adapter, values);
  const config = writePeftConfig(
    adapter.method,
    file.options,
    { ...model, sites: adapters.sites },
    { ...ownOrigin, ...origin },
  );
  const tensors: TensorToWrite[] = file.parameters.map(({ name: full, key, shape }) => ({
    name: key!,
    dtype: "F32",
    shape,
    data: finite(full, valuesOf(file.values, full, shape)),
  }));
  for (const { key, parameter, shape } of storedBase(file.layout)) {
    tensors.push({ name: key, dtype: "F32", shape, data: () => readParameter(runtime, model, parameter) });
  }
  if (tensors.length === 0)
    throw new AttuneError("DATA_EMPTY", `Adapter "${adapter.name}" exports no tensor, so there is nothing to save.`);
  return { config, tensors };
}

/** A base parameter that a file holds too. */
export interface RepeatedParameter {
  readonly key: string;
  readonly parameter: string;
  readonly shape: readonly number[];
}

/** Base parameters that a file of this layout holds too. */
export function storedBase(layout: AdapterLayout): RepeatedParameter[] {
  return layout.sites.flatMap(({ site, storedBase: stored = {} }) =>
    Object.entries(stored).map(([local, own]) => ({
      key: `base_model.model.${site.name}.${local}`,
      parameter: site.parameters[own]!.name,
      shape: site.parameters[own]!.shape,
    })),
  );
}

interface ExportedFile {
  readonly options: unknown;
  readonly layout: AdapterLayout;
  readonly parameters: readonly AdapterParameter[];
  readonly values: ReadonlyMap<string, Float32Array>;
}

/** The adapter as a file holds it, which may be another one than was trained. */
function exportedFile(
  adapters: Adapters,
  adapter: AttachedAdapter,
  values: ReadonlyMap<string, Float32Array>,
): ExportedFile {
  const { name, method } = adapter;
  const own = new Map(
    adapter.parameters.map((parameter) => [bareName(parameter), valuesOf(values, parameter.name, parameter.shape)]),
  );
  const made = method.exported?.(adapter.options, own);
  const isExported = ({ key }: AdapterParameter): boolean => key !== undefined;
  if (made === undefined) return { ...adapter, parameters: adapter.parameters.filter(isExported), values };
  const { options } = made;
  const layout = method.layout(options, { ...adapters.model, sites: adapters.sites, allowUnmatchedTargets: true });
  const groups = new Set(method.groups?.(options).map((group) => group.name));
  const parameters = listParameters(name, method.id, layout, groups).filter(isExported);
  return {
    options,
    layout,
    parameters,
    values: new Map([...made.values].map(([bare, floats]) => [`${name}/${bare}`, floats])),
  };
}

function onlyName({ list }: Adapters): string {
  if (list.length === 1) return list[0]!.name;
  throw new AttuneError("OPTIONS_INVALID", `There are ${list.length} adapters; say which one to save.`, {
    hint: `Give name: one of ${list.map(({ name }) => name).join(", ")}.`,
  });
}

function finite(name: string, values: Float32Array): Float32Array {
  if (values.every(Number.isFinite)) return values;
  throw new AttuneError("NUMERICS", `Adapter parameter "${name}" holds values that are not finite.`, {
    hint: "Training diverged; lower the learning rate.",
    details: { key: name },
  });
}
