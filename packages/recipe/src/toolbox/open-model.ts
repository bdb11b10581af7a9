import { readdir } from "node:fs/promises";
import { type LoadOptions, loadModel, type Model, type SiteVisitor } from "@attune/models";
import { type Adapters, attachAdapters, loadAdapter, type PlacedAdapters, placeForInference } from "@attune/peft-core";
import type { ProgressListener, Tokenizer } from "@attune/spec";
import type { Runtime } from "@attune/tensor-core";
import { loadTokenizer, readChatTemplate } from "@attune/tokenizer-core";
import { assertNoOther } from "./explain-folder.ts";
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
  /** The folder or file that the tokenizer was read from. */
  readonly tokenizerFrom: string;
}

/** A model that rows of ids can be given to where its folder has no tokenizer. */
export interface OpenRowModel extends OpenWeights {
  readonly tokenizer: Tokenizer | undefined;
}

/** Loads a model, and an adapter where one is given. */
export async function openWeights(toolbox: Toolbox, runtime: Runtime, request: ModelRequest): Promise<OpenWeights> {
  return loadWeights(toolbox, runtime, request, await folderOf(toolbox, request));
}

/** Loads a model, its tokenizer, and an adapter where one is given. */
export async function openModel(toolbox: Toolbox, runtime: Runtime, request: ModelRequest): Promise<OpenModel> {
  const folder = await folderOf(toolbox, request);
  const tokenizer = await openTokenizer(toolbox, request, folder);
  const tokenizerFrom = request.tokenizer ?? folder;
  return { ...(await loadWeights(toolbox, runtime, request, folder)), tokenizer, tokenizerFrom };
}

/** As `openModel`, without a tokenizer where the model's folder has none and no other is named. */
export async function openRowModel(toolbox: Toolbox, runtime: Runtime, request: ModelRequest): Promise<OpenRowModel> {
  const folder = await folderOf(toolbox, request);
  const has = request.tokenizer != null || (await readdir(folder)).includes("tokenizer.json");
  const tokenizer = has ? await openTokenizer(toolbox, request, folder) : undefined;
  return { ...(await loadWeights(toolbox, runtime, request, folder)), tokenizer };
}

function folderOf(toolbox: Toolbox, { model, baseDirectory }: ModelRequest): Promise<string> {
  return resolveModel(toolbox, model, baseDirectory);
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

async function loadWeights(
  { families, methods }: Toolbox,
  runtime: Runtime,
  request: ModelRequest,
  folder: string,
): Promise<OpenWeights> {
  const {
    model: reference,
    adapter,
    storage,
    contextLength,
    trainable,
    prefix,
    onNotice,
    signal,
    onProgress,
  } = request;
  const options = { families, storage, contextLength, trainable, prefix, signal, onProgress };
  if (adapter != null) await assertNoOther(adapter, "adapter");
  const model = await loadModel(runtime, folder, options);
  if (adapter == null) return { reference, folder, model, adapters: undefined, placed: undefined, visitors: [] };
  const loaded = await loadAdapter(runtime, model, adapter, { methods: methods.list(), onNotice });
  const adapters = attachAdapters(model, [loaded]);
  const placed = await placeForInference(runtime, adapters, loaded.values);
  return { reference, folder, model, adapters, placed, visitors: adapters.visitors(placed.placement) };
}
