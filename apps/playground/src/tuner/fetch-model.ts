import { AttuneError, type JsonObject } from "@attune/spec";
import type { ModelFiles } from "./open-base.ts";

const files = ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"] as const;

/** Fetches the files of a model that lie beside the page. `onProgress` is told bytes of all files together. */
export async function fetchModel(
  folder: string,
  onProgress: (done: number, total: number) => void,
): Promise<ModelFiles> {
  const responses = await Promise.all(files.map((name) => get(folder + name)));
  const total = responses.reduce((sum, { headers }) => sum + Number(headers.get("content-length") ?? 0), 0);
  let done = 0;
  const count = (bytes: number): void => {
    done += bytes;
    onProgress(done, Math.max(done, total));
  };
  const [config, tokenizer, tokenizerConfig, weights] = await Promise.all(
    responses.map((response) => readBytes(response, count)),
  );
  return {
    config: json(config!),
    tokenizer: json(tokenizer!),
    tokenizerConfig: json(tokenizerConfig!),
    weights: weights!,
  };
}

async function get(url: string): Promise<Response> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw failed(url, cause instanceof Error ? cause.message : String(cause));
  });
  if (!response.ok) throw failed(url, `the server answered ${response.status}`);
  return response;
}

function failed(url: string, reason: string): AttuneError {
  return new AttuneError("FILE_NOT_FOUND", `The model's file ${url} could not be fetched: ${reason}.`, {
    hint: "Is the server of this page still running? Reload the page.",
    details: { file: url },
  });
}

async function readBytes(response: Response, count: (bytes: number) => void): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const reader = response.body!.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    pieces.push(piece.value);
    count(piece.value.length);
  }
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}

function json(bytes: Uint8Array): JsonObject {
  return JSON.parse(new TextDecoder().decode(bytes)) as JsonObject;
}
