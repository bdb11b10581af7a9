import type { Stats } from "node:fs";
import { copyFile, mkdir, readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "@attune/run-folder";
import { AttuneError, type JsonObject, toAttuneError } from "@attune/spec";
import type { TensorToWrite } from "./encode-safetensors.ts";
import { readJsonObject, readOptionalJsonObject } from "./folder-json.ts";
import { openSafetensors } from "./open-safetensors.ts";
import { sortedJson } from "./sorted-json.ts";
import type { TensorReader } from "./tensor-reader.ts";
import { writeShardedSafetensors } from "./write-safetensors.ts";

/** Files that belong to a tokenizer in a Hugging Face folder. */
const tokenizerFileNames: readonly string[] = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "chat_template.jinja",
  "chat_template.json",
  "vocab.json",
  "merges.txt",
  "vocab.txt",
  "tokenizer.model",
];

/** A Hugging Face checkpoint folder that was opened. */
export interface Checkpoint {
  readonly folder: string;
  /** `config.json` as it is. */
  readonly config: JsonObject;
  /** `generation_config.json`, when there is one. */
  readonly generationConfig: JsonObject | undefined;
  /** Tensors of all weight files. */
  readonly tensors: TensorReader;
  /** Names of the tokenizer's files that are in the folder. */
  readonly tokenizerFiles: readonly string[];
  /** Closes the weight files. */
  close(): Promise<void>;
}

/**
 * Opens a checkpoint folder: `config.json` and `model.safetensors` or its sharded form. Throws `FILE_NOT_FOUND` without configuration or
 * weights, and `FILE_UNSUPPORTED` for pickled weights.
 */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  const names = await listFolder(folder);
  if (!names.has("config.json")) {
    throw new AttuneError("FILE_NOT_FOUND", `Expected config.json in ${folder}, but there is none.`, {
      hint: "Give the folder that holds config.json and the weights of one model.",
      details: { file: join(folder, "config.json") },
    });
  }
  const config = await readJsonObject(join(folder, "config.json"));
  const generationConfig = await readOptionalJsonObject(join(folder, "generation_config.json"));
  const tensors = await openSafetensors(join(folder, weightsFileOf(folder, names)));
  const tokenizerFiles = tokenizerFileNames.filter((name) => names.has(name));
  return { folder, config, generationConfig, tensors, tokenizerFiles, close: () => tensors.close() };
}

function weightsFileOf(folder: string, names: ReadonlySet<string>): string {
  const found = ["model.safetensors", "model.safetensors.index.json"].find((name) => names.has(name));
  if (found) return found;
  const pickle = [...names].find((name) => /^pytorch_model.*\.bin(\.index\.json)?$/.test(name));
  if (pickle) {
    throw new AttuneError(
      "FILE_UNSUPPORTED",
      `Expected weights as safetensors in ${folder}, but found only ${pickle}.`,
      {
        hint: "A .bin file can run code when it is read; convert it with save_pretrained(folder, safe_serialization=True).",
        details: { file: join(folder, pickle) },
      },
    );
  }
  throw new AttuneError(
    "FILE_NOT_FOUND",
    `Expected model.safetensors or model.safetensors.index.json in ${folder}, but there is neither.`,
    { hint: "Give the folder that holds the weights of one model.", details: { file: folder } },
  );
}

/** What a checkpoint folder is made of. */
export interface CheckpointToWrite {
  /** Content of `config.json`. */
  readonly config: JsonObject;
  /** Content of `generation_config.json`; left out, none is written. */
  readonly generationConfig?: JsonObject | undefined;
  readonly tensors: readonly TensorToWrite[];
  /** Folder whose tokenizer files are copied, or a tokenizer.json, which is copied with what lies beside it; left out, none are. */
  readonly tokenizerFrom?: string | undefined;
  /** A weight file holds at most this many bytes. Default 5 GB. */
  readonly maxShardBytes?: number | undefined;
}

/**
 * Writes a checkpoint folder that Transformers loads. Each file is written atomically and `config.json` last, so a
 * folder of an interrupted first write is no checkpoint yet. Weight files of an earlier content are removed.
 */
export async function writeCheckpoint(folder: string, content: CheckpointToWrite): Promise<void> {
  await mkdir(folder, { recursive: true });
  const options = { maxShardBytes: content.maxShardBytes };
  const written = new Set(await writeShardedSafetensors(folder, content.tensors, options));
  for (const name of await listFolder(folder)) {
    const isWeights = /^model(-\d{5}-of-\d{5})?\.safetensors(\.index\.json)?$/.test(name);
    if (isWeights && !written.has(name)) await rm(join(folder, name));
  }
  if (content.tokenizerFrom !== undefined) await copyTokenizerFiles(content.tokenizerFrom, folder);
  if (content.generationConfig) {
    await writeFileAtomic(join(folder, "generation_config.json"), `${sortedJson(content.generationConfig)}\n`);
  }
  await writeFileAtomic(join(folder, "config.json"), `${sortedJson(content.config)}\n`);
}

/**
 * Copies the files of a tokenizer into a folder and returns their names. They come from a folder, or from a `tokenizer.json` of any name
 * with its configuration and chat template beside it.
 */
export async function copyTokenizerFiles(from: string, to: string): Promise<string[]> {
  const whole = (await statusOf(from)).isDirectory();
  const folder = whole ? from : dirname(from);
  const names = await listFolder(folder);
  const beside = tokenizerFileNames.filter((name) => names.has(name) && (whole || besideFile.has(name)));
  await mkdir(to, { recursive: true });
  for (const name of beside) await copyFile(join(folder, name), join(to, name));
  if (whole) return beside;
  await copyFile(from, join(to, "tokenizer.json"));
  return ["tokenizer.json", ...beside];
}

/** What is read together with a tokenizer.json: its vocabulary is in itself. */
const besideFile: ReadonlySet<string> = new Set([
  "tokenizer_config.json",
  "special_tokens_map.json",
  "chat_template.jinja",
  "chat_template.json",
]);

async function statusOf(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    throw toAttuneError(error);
  }
}

async function listFolder(folder: string): Promise<ReadonlySet<string>> {
  try {
    return new Set(await readdir(folder));
  } catch (error) {
    throw toAttuneError(error);
  }
}
