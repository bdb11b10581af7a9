import { join } from "node:path";
import { listSites, type Model, readParameter } from "@attune/models";
import { AttuneError } from "@attune/spec";
import { type Runtime, sameShape } from "@attune/tensor-core";
import { type AdapterFolder, openAdapterFolder, type TensorReader } from "@attune/weights";
import type { AdapterMethod } from "../adapter-method.ts";
import type { AdapterParameter } from "../adapter-parameter.ts";
import type { AdapterRequest } from "../attach-adapters.ts";
import { listParameters } from "../list-parameters.ts";
import { type RepeatedParameter, storedBase } from "./export-adapter.ts";
import { type AdapterOrigin, readPeftConfig } from "./peft-config.ts";

/** How an adapter folder is loaded. */
export interface LoadAdapterOptions {
  /** Methods that are known, for instance the default exports of the method packages. */
  readonly methods: readonly AdapterMethod[];
  /** Name of the adapter here; the folder's files do not have one. Default "default". */
  readonly name?: string | undefined;
  /** Told of keys of the file that are left out. */
  readonly onNotice?: ((sentence: string) => void) | undefined;
}

/** An adapter from a folder: what `attachAdapters` takes, and its values. */
export interface LoadedAdapter extends AdapterRequest {
  /** By parameter name. */
  readonly values: ReadonlyMap<string, Float32Array>;
  readonly origin: AdapterOrigin;
}

/**
 * Loads a PEFT folder for a model.
 *
 * @throws AttuneError `FILE_UNSUPPORTED` for an unknown method or a key that would change numbers, `FILE_CORRUPT` for tensors that
 * are missing, left over or of another shape, with both lists of names
 */
export async function loadAdapter(
  runtime: Runtime,
  model: Model,
  folder: string,
  options: LoadAdapterOptions,
): Promise<LoadedAdapter> {
  const opened = await openAdapterFolder(folder);
  try {
    return await readFolder(runtime, model, opened, options);
  } finally {
    await opened.close();
  }
}

async function readFolder(
  runtime: Runtime,
  model: Model,
  { folder, config, tensors }: AdapterFolder,
  { methods, name = "default", onNotice }: LoadAdapterOptions,
): Promise<LoadedAdapter> {
  const file = join(folder, "adapter_config.json");
  const method = methodOf(methods, String(config["peft_type"]), file);
  const { options, origin, ignored } = readPeftConfig(method, config, file);
  if (ignored.length > 0)
    onNotice?.(`${file}: left out ${ignored.join(", ")}, which this version does not know and which hold nothing.`);
  const sites = listSites(model.family, model.config);
  const layout = method.layout(options, { ...model, sites, allowUnmatchedTargets: true });
  const groups = new Set(method.groups?.(options).map((group) => group.name));
  const parameters = listParameters(name, method.id, layout, groups);
  const exported = parameters.filter(({ key }) => key !== undefined);
  const repeated = [...storedBase(layout), ...unaskedBase(model, tensors, exported)];
  assertKeys(folder, tensors, exported, repeated);
  await assertSameCopies(folder, tensors);
  await assertSameBase(runtime, model, folder, tensors, repeated, onNotice);
  const values = new Map<string, Float32Array>();
  for (const { name: full, key } of exported) values.set(full, await tensors.readFloat32(key!));
  const base = (parameter: string): Promise<Float32Array> => readParameter(runtime, model, parameter);
  const rest = await method.imported?.({ options, layout, model: { ...model, sites }, base });
  for (const [bare, floats] of rest ?? []) values.set(`${name}/${bare}`, floats);
  return { name, method, options, allowUnmatchedTargets: true, values, origin };
}

/** Base parameters that a file holds beside the adapter, as PEFT's `save_embedding_layers` puts them there. */
function unaskedBase(model: Model, tensors: TensorReader, exported: readonly AdapterParameter[]): RepeatedParameter[] {
  const known = new Set(exported.map(({ key }) => key));
  return model.specs
    .map(({ name, shape }) => ({ key: `base_model.model.${name}`, parameter: name, shape }))
    .filter(({ key }) => tensors.has(key) && !known.has(key));
}

function methodOf(methods: readonly AdapterMethod[], peftType: string, file: string): AdapterMethod {
  const found = methods.find(({ kind, peft }) => kind === "adapter-method" && peft.type === peftType);
  if (found) return found;
  throw new AttuneError("FILE_UNSUPPORTED", `${file}: no loaded method reads adapters of type "${peftType}".`, {
    hint: `Load the plugin that has such a method. Loaded are: ${methods.map(({ id, peft }) => `${id} (${peft.type})`).join(", ") || "none"}.`,
    details: { file, key: "peft_type" },
  });
}

/**
 * With trained biases PEFT writes those of modules that are saved whole three times: under the name that is read here, as the wrapper's
 * copy of that, and as the one of the base, which the wrapper keeps and does not use.
 */
const biasCopy = /\.(modules_to_save|original_module)(?:\.default)?((?:\.\w+)*\.bias)$/;

async function assertSameCopies(folder: string, tensors: TensorReader): Promise<void> {
  for (const key of tensors.names) {
    if (biasCopy.exec(key)?.[1] !== "modules_to_save") continue;
    const own = key.replace(biasCopy, "$2");
    const [copy, values] = [await tensors.readFloat32(key), await tensors.readFloat32(own)];
    if (copy.length === values.length && copy.every((value, index) => value === values[index])) continue;
    throw new AttuneError("FILE_CORRUPT", `"${key}" in "${folder}" is a copy of "${own}", but holds other values.`, {
      hint: "The file is damaged; save the adapter again.",
      details: { file: folder, key },
    });
  }
}

function assertKeys(
  folder: string,
  tensors: TensorReader,
  parameters: readonly AdapterParameter[],
  repeated: readonly RepeatedParameter[],
): void {
  const optional = new Map(repeated.map(({ key, shape }) => [key, shape]));
  const shapes = new Map([...optional, ...parameters.map(({ key, shape }) => [key!, shape] as const)]);
  const missing = [...shapes.keys()].filter((key) => !tensors.has(key) && !optional.has(key));
  const extra = tensors.names.filter((key) => !shapes.has(key.replace(biasCopy, "$2")));
  if (missing.length > 0 || extra.length > 0) {
    throw new AttuneError(
      "FILE_CORRUPT",
      `The tensors in "${folder}" do not fit this model. Missing: ${list(missing)}. Left over: ${list(extra)}.`,
      {
        hint: "The adapter was made for a model whose modules have other names, or for other layers.",
        details: { file: folder, missing, extra },
      },
    );
  }
  for (const [key, shape] of shapes) {
    if (!tensors.has(key) || sameShape(tensors.info(key).shape, shape)) continue;
    throw new AttuneError(
      "SHAPE_MISMATCH",
      `Tensor "${key}" in "${folder}" is [${tensors.info(key).shape.join(", ")}], this model needs [${shape.join(", ")}].`,
      {
        hint: "The adapter was made for a model of another size.",
        details: { file: folder, key },
      },
    );
  }
}

/** Files may repeat base parameters; an adapter that was trained over other ones would compute something else here. */
async function assertSameBase(
  runtime: Runtime,
  model: Model,
  folder: string,
  tensors: TensorReader,
  repeated: readonly RepeatedParameter[],
  onNotice: LoadAdapterOptions["onNotice"],
): Promise<void> {
  for (const { key, parameter } of repeated) {
    if (!tensors.has(key)) continue;
    const [theirs, ours] = [await tensors.readFloat32(key), await readParameter(runtime, model, parameter)];
    const largest = ours.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const differs = theirs.findIndex((value, index) => !(Math.abs(value - ours[index]!) <= largest * 2 ** -8));
    if (differs === -1) {
      if (theirs.some((value, index) => value !== ours[index]))
        onNotice?.(
          `"${key}" in "${folder}" is "${parameter}" of this model up to rounding; the model's own values are used.`,
        );
      continue;
    }
    throw new AttuneError(
      "CONFIG_INCOMPATIBLE",
      `"${key}" in "${folder}" is not "${parameter}" of this model (element ${differs} is ${theirs[differs]}, not ${ours[differs]}).`,
      {
        hint: "Use the base model that the adapter was trained on.",
        details: { file: folder, key },
      },
    );
  }
}

function list(names: readonly string[]): string {
  if (names.length === 0) return "none";
  return names.length > 6 ? `${names.slice(0, 6).join(", ")} and ${names.length - 6} more` : names.join(", ");
}
