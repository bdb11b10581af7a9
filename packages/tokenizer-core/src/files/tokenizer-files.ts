import { isJsonObject, type JsonObject, type JsonValue, toAttuneError } from "@attune/spec";
import { corruptTokenizer } from "../corrupt-tokenizer.ts";

/** The parsed files of one tokenizer. */
export interface TokenizerFiles {
  /** Where they come from, for errors: a path or a name. */
  readonly source: string;
  /** `tokenizer.json`. */
  readonly tokenizer: JsonObject;
  /** `tokenizer_config.json`. */
  readonly config?: JsonObject | undefined;
  /** `special_tokens_map.json`. */
  readonly specialTokensMap?: JsonObject | undefined;
  /** Text of `chat_template.jinja`; it goes before the template in the config. */
  readonly chatTemplate?: string | undefined;
}

const largestFile = 2 ** 28;

/**
 * Reads the files of a tokenizer from a `tokenizer.json` (with what lies beside it) or from its folder. Throws `FILE_NOT_FOUND` without a
 * `tokenizer.json`, and `FILE_CORRUPT` for a file that cannot be read.
 */
export async function readTokenizerFiles(path: string): Promise<TokenizerFiles> {
  const { stat } = await import("node:fs/promises");
  const { dirname, join } = await import("node:path");
  const status = await stat(path).catch((error: unknown) => {
    throw toAttuneError(error);
  });
  const folder = status.isDirectory() ? path : dirname(path);
  const source = status.isDirectory() ? join(path, "tokenizer.json") : path;
  const tokenizer = parseObject(await readText(source), source);
  const optional = async (name: string) => {
    const text = await readText(join(folder, name), true);
    return text === undefined ? undefined : parseObject(text, join(folder, name));
  };
  return {
    source,
    tokenizer,
    config: await optional("tokenizer_config.json"),
    specialTokensMap: await optional("special_tokens_map.json"),
    chatTemplate: await readChatTemplate(folder),
  };
}

/**
 * The template in a folder's `chat_template.jinja` or `chat_template.json`; undefined where it has neither. Throws `FILE_CORRUPT` for a
 * file that holds no template.
 */
export async function readChatTemplate(folder: string): Promise<string | undefined> {
  const { join } = await import("node:path");
  const template = await readText(join(folder, "chat_template.jinja"), true);
  if (template !== undefined) return template;
  const file = join(folder, "chat_template.json");
  const text = await readText(file, true);
  return text === undefined ? undefined : templateOf(parseObject(text, file), file);
}

function templateOf(value: JsonObject, file: string): string {
  const template = value["chat_template"];
  if (typeof template === "string") return template;
  throw corruptTokenizer(file, 'expected "chat_template" to be text, but it is not.');
}

async function readText(path: string): Promise<string>;
async function readText(path: string, optional: true): Promise<string | undefined>;
async function readText(path: string, optional = false): Promise<string | undefined> {
  const { readRegularFile } = await import("@attune/run-folder");
  let bytes: Uint8Array;
  try {
    bytes = await readRegularFile(path, { maxBytes: largestFile });
  } catch (cause) {
    const error = toAttuneError(cause);
    if (optional && error.code === "FILE_NOT_FOUND") return undefined;
    throw error;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw corruptTokenizer(path, "expected text in UTF-8, but the bytes are something else.");
  }
}

function parseObject(text: string, file: string): JsonObject {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw corruptTokenizer(
      file,
      `expected JSON, but could not read it (${String(cause)}).`,
      "The file may be truncated; fetch or write it again.",
    );
  }
  if (isDeep(value)) throw corruptTokenizer(file, `expected at most ${deepestNesting} values inside each other.`);
  if (isJsonObject(value)) return value;
  throw corruptTokenizer(file, "expected a JSON object, but the file holds something else.");
}

/** Components are built by recursion, so a file decides how deep it goes. */
const deepestNesting = 100;

function isDeep(value: JsonValue): boolean {
  let level: JsonValue[] = [value];
  for (let depth = 0; depth <= deepestNesting && level.length > 0; depth++) {
    level = level.flatMap((item) => (typeof item === "object" && item !== null ? Object.values(item) : []));
  }
  return level.length > 0;
}
