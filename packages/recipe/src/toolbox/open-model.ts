import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type LoadOptions, loadModel, type Model, type SiteVisitor } from "@attune/models";
import { type Adapters, attachAdapters, loadAdapter, type PlacedAdapters, placeForInference } from "@attune/peft-core";
import { hashFile, hashJson } from "@attune/run-folder";
import { type ProgressListener, type Tokenizer, toAttuneError } from "@attune/spec";
import type { Runtime } from "@attune/tensor-core";
import { loadTokenizer, readChatTemplate } from "@attune/tokenizer-core";
import { resolveModel } from "./resolve-model.ts";
import type { Toolbox } from "./toolbox.ts";

/** Which model, with which adapter, and how it is kept. */
export interface ModelRequest extends Pick<LoadOptions, "storage" | "contextLength" | "trainable" | "prefix"> {
  /** A folder, or a name such as `attune:tiny`. */
  readonly model: string;
  /** A PEFT folder. */
  readonly adapter?: string | null | undefined;
  /** A folder or file; default the model's. */
  readonly tokenizer?: string | null | undefined;
  /** Where packages of named models are looked up. Default the process's folder. */
  readonly baseDirectory?: string | undefined;
  /** Told of keys of an adapter folder that are left out. */
  readonly onNotice?: ((sentence: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

/** A model in a runtime, with its adapter. */
export interface OpenWeights {
  readonly reference: string;
  readonly folder: string;
  readonly model: Model;
  readonly adapters: Adapters | undefined;
  readonly placed: PlacedAdapters | undefined;
  /** What traces of the model are visited by. */
  readonly visitors: readonly SiteVisitor[];
}

/** A model in a runtime, with its tokenizer and adapter. */
export interface OpenModel extends OpenWeights {
  readonly tokenizer: Tokenizer;
}

/** Loads a model, its tokenizer, and an adapter where one is given. */
export async function openModel(toolbox: Toolbox, runtime: Runtime, request: ModelRequest): Promise<OpenModel> {
  const folder = await resolveModel(toolbox, request.model, request.baseDirectory);
  const tokenizer = await openTokenizer(toolbox, request, folder);
  return { ...(await openWeights(toolbox, runtime, request)), tokenizer };
}

/** The tokenizer of a request; undefined where the model's folder has none and no other is named. */
export async function findTokenizer(toolbox: Toolbox, request: ModelRequest): Promise<Tokenizer | undefined> {
  const folder = await resolveModel(toolbox, request.model, request.baseDirectory);
  const has = request.tokenizer != null || (await readdir(folder)).includes("tokenizer.json");
  return has ? openTokenizer(toolbox, request, folder) : undefined;
}

/** An adapter that was trained on conversations may come with the chat template that they were written by, which then counts. */
async function openTokenizer(
  { tokenizers }: Toolbox,
  { tokenizer, adapter }: ModelRequest,
  folder: string,
): Promise<Tokenizer> {
  const chatTemplate = adapter == null ? undefined : await readChatTemplate(adapter);
  return loadTokenizer(tokenizer ?? folder, tokenizers, { chatTemplate });
}

/** Loads a model, and an adapter where one is given. */
export async function openWeights(toolbox: Toolbox, runtime: Runtime, request: ModelRequest): Promise<OpenWeights> {
  const { model: reference, adapter, storage, contextLength, trainable, prefix, signal, onProgress } = request;
  const folder = await resolveModel(toolbox, reference, request.baseDirectory);
  const { families } = toolbox;
  const options = { families, storage, contextLength, trainable, prefix, signal, onProgress };
  const model = await loadModel(runtime, folder, options);
  if (adapter == null) return { reference, folder, model, adapters: undefined, placed: undefined, visitors: [] };
  const loaded = await loadAdapter(runtime, model, adapter, {
    methods: toolbox.methods.list(),
    onNotice: request.onNotice,
  });
  const adapters = attachAdapters(model, [loaded]);
  const placed = await placeForInference(runtime, adapters, loaded.values);
  return { reference, folder, model, adapters, placed, visitors: adapters.visitors(placed.placement) };
}

/** A hash of everything in a folder that numbers depend on: names and contents of its files. */
export async function hashFolder(folder: string): Promise<string> {
  try {
    const names = (await readdir(folder, { withFileTypes: true }))
      .filter((entry) => entry.isFile() && /\.(json|safetensors|jinja|txt|model)$/.test(entry.name))
      .map((entry) => entry.name)
      .sort();
    const hashes: [string, string][] = [];
    for (const name of names) hashes.push([name, await hashFile(join(folder, name))]);
    return hashJson(hashes);
  } catch (error) {
    throw toAttuneError(error);
  }
}
