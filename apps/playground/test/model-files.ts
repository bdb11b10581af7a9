import { readFileSync } from "node:fs";
import { join } from "node:path";
import { folder } from "@attune/model-tiny";
import type { JsonObject } from "@attune/spec";
import type { ModelFiles } from "../src/tuner/open-base.ts";

const bytes = (name: string): Buffer => readFileSync(join(folder, name));
const json = (name: string): JsonObject => JSON.parse(bytes(name).toString("utf8")) as JsonObject;

/** The files that the page fetches, from the package. */
export function modelFiles(): ModelFiles {
  return {
    config: json("config.json"),
    weights: new Uint8Array(bytes("model.safetensors")),
    tokenizer: json("tokenizer.json"),
    tokenizerConfig: json("tokenizer_config.json"),
  };
}

/** The rows that the page begins with. */
export const exampleRows: string = readFileSync(new URL("../src/page/example.jsonl", import.meta.url), "utf8");
