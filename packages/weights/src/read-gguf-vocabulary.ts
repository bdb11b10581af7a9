import type { GgufVocabulary } from "@attune/spec";
import { corruptFile } from "./corrupt-file.ts";
import { type GgufHeader, readGguf } from "./read-gguf.ts";

/** Reads the vocabulary of a GGUF file. Throws `FILE_CORRUPT` for keys of another type and lists of other lengths. */
export async function readGgufVocabulary(source: string | GgufHeader): Promise<GgufVocabulary> {
  const header = typeof source === "string" ? await readGguf(source) : source;
  const one = <Type extends "number" | "string" | "boolean">(name: string, type: Type) => scalar(header, name, type);
  const tokens = list(header, "tokens", "string") as string[] | undefined;
  const model = one("model", "string");
  if (!tokens || model === undefined) {
    throw corruptFile(
      header.file,
      "expected tokenizer.ggml.model and tokenizer.ggml.tokens, but one of them is missing.",
    );
  }
  const idOf = (name: string): number | undefined => {
    const id = one(`${name}_token_id`, "number");
    if (id === undefined || (Number.isInteger(id) && id >= 0 && id < tokens.length)) return id;
    throw corruptFile(header.file, `expected tokenizer.ggml.${name}_token_id below ${tokens.length}, but found ${id}.`);
  };
  const perToken = (name: string, type: string): number[] | undefined => {
    const values = list(header, name, type) as number[] | undefined;
    if (!values || values.length === tokens.length) return values;
    throw corruptFile(
      header.file,
      `expected tokenizer.ggml.${name} for ${tokens.length} tokens, but found ${values.length}.`,
    );
  };
  const scores = perToken("scores", "float32");
  const tokenTypes = perToken("token_type", "int32");
  const template = header.metadata.get("tokenizer.chat_template");
  return {
    file: header.file,
    model,
    pre: one("pre", "string"),
    tokens,
    merges: list(header, "merges", "string") as string[] | undefined,
    scores: scores && Float32Array.from(scores),
    tokenTypes: tokenTypes && Int32Array.from(tokenTypes),
    bosId: idOf("bos"),
    eosId: idOf("eos"),
    unknownId: idOf("unknown"),
    paddingId: idOf("padding"),
    separatorId: idOf("seperator") ?? idOf("separator"),
    addBos: one("add_bos_token", "boolean"),
    addEos: one("add_eos_token", "boolean"),
    addSpacePrefix: one("add_space_prefix", "boolean"),
    chatTemplate: typeof template === "string" ? template : undefined,
  };
}

interface ScalarTypes {
  number: number;
  string: string;
  boolean: boolean;
}

function scalar<Type extends keyof ScalarTypes>(
  header: GgufHeader,
  name: string,
  type: Type,
): ScalarTypes[Type] | undefined {
  const key = `tokenizer.ggml.${name}`;
  const value = header.metadata.get(key);
  if (value === undefined || typeof value === type) return value as ScalarTypes[Type] | undefined;
  throw corruptFile(header.file, `expected ${key} to be a ${type}, but it is a ${typeof value}.`, { key });
}

function list(header: GgufHeader, name: string, elementType: string): unknown[] | undefined {
  const key = `tokenizer.ggml.${name}`;
  const value = header.metadata.get(key);
  if (value === undefined) return undefined;
  if (typeof value === "object" && value.elementType === elementType) return value.toArray();
  throw corruptFile(header.file, `expected ${key} to be a list of ${elementType}, but it is something else.`, { key });
}
