import { type Model, readParameter } from "@attune/models";
import { AttuneError } from "@attune/spec";
import { elementCount, type Runtime } from "@attune/tensor-core";
import { openAdapterFolder, type TensorToWrite, writeAdapterFolder } from "@attune/weights";
import type { AdapterLayout, AdapterParameter } from "../adapter-parameter.ts";
import { type Adapters, type AttachedAdapter, valuesOf } from "../attach-adapters.ts";
import { bareName, listParameters } from "../list-parameters.ts";
import { type AdapterOrigin, ownOrigin, writePeftConfig } from "./peft-config.ts";

/** What an adapter folder says beside the adapter. */
export interface SaveAdapterOptions {
  /** The adapter to save; may be left out where there is one. */
  readonly name?: string | undefined;
  readonly origin?: Partial<AdapterOrigin> | undefined;
}

/**
 * Writes an adapter as a PEFT folder and reads it back.
 *
 * @param values - by parameter name; those of other adapters are not looked at
 * @throws AttuneError `DATA_EMPTY` for an adapter without exported tensors, `NUMERICS` for values that are not finite, `FILE_CORRUPT` if what is on disk is not what was written
 */
export async function saveAdapter(
  runtime: Runtime,
  model: Model,
  adapters: Adapters,
  values: ReadonlyMap<string, Float32Array>,
  folder: string,
  { name, origin = {} }: SaveAdapterOptions = {},
): Promise<void> {
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
  await writeAdapterFolder(folder, { config, tensors });
  await assertReadsBack(folder, tensors);
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

/** A saved adapter that lacks its tensors has cost people days; so what was written is read. */
async function assertReadsBack(folder: string, written: readonly TensorToWrite[]): Promise<void> {
  const { tensors, close } = await openAdapterFolder(folder);
  try {
    const lost = written.find(
      ({ name, shape }) => !tensors.has(name) || tensors.info(name).byteLength !== 4 * elementCount(shape),
    );
    if (lost !== undefined || tensors.names.length !== written.length) {
      throw new AttuneError(
        "FILE_CORRUPT",
        `Expected ${written.length} tensors in "${folder}", found ${tensors.names.length}${lost ? `; "${lost.name}" is not there as written` : ""}.`,
      );
    }
    for (const { name, data } of written) {
      if (typeof data === "function") continue;
      const { buffer, byteOffset, byteLength } = data;
      if (Buffer.compare(await tensors.read(name), new Uint8Array(buffer, byteOffset, byteLength)) !== 0) {
        throw new AttuneError("FILE_CORRUPT", `Tensor "${name}" in "${folder}" is not what was written.`, {
          details: { file: folder, key: name },
        });
      }
    }
  } finally {
    await close();
  }
}
