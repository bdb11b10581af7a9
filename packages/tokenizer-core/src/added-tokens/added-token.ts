import { booleanField, isJsonObject, type JsonObject, type JsonValue, readFields, textField } from "@attune/spec";
import { corruptTokenizer } from "../corrupt-tokenizer.ts";

/** A token that is found in a text as it is written, before the model sees the rest. */
export interface AddedToken {
  readonly content: string;
  /** Only where it is a word of its own. */
  readonly singleWord: boolean;
  /** Takes the white space before it along. */
  readonly leftStrip: boolean;
  /** Takes the white space after it along. */
  readonly rightStrip: boolean;
  /** Looked for in the normalised text instead of the text as written. */
  readonly normalized: boolean;
  /** Steers the model, such as an end of text; read from a text only when that is asked for. */
  readonly special: boolean;
}

/** Reads an added token as tokenizer.json and tokenizer_config.json write it: an object, or only its text. */
export function readAddedToken(value: JsonValue, where: string, special: boolean): AddedToken {
  if (typeof value === "string") return addedToken(value, { special });
  const section = readFields(value, { file: where });
  const content = section.read("content", textField);
  const isSpecial = section.read("special", booleanField, special);
  return {
    content,
    singleWord: section.read("single_word", booleanField, false),
    leftStrip: section.read("lstrip", booleanField, false),
    rightStrip: section.read("rstrip", booleanField, false),
    normalized: section.read("normalized", booleanField, !isSpecial),
    special: isSpecial,
  };
}

/** Makes an added token; a special one is not normalised unless said otherwise. */
export function addedToken(content: string, options: Partial<Omit<AddedToken, "content">> = {}): AddedToken {
  const { singleWord = false, leftStrip = false, rightStrip = false, special = false } = options;
  return { content, singleWord, leftStrip, rightStrip, special, normalized: options.normalized ?? !special };
}

/** Writes an added token as tokenizer.json does. */
export function addedTokenJson(id: number, token: AddedToken): JsonObject {
  return {
    id,
    content: token.content,
    single_word: token.singleWord,
    lstrip: token.leftStrip,
    rstrip: token.rightStrip,
    normalized: token.normalized,
    special: token.special,
  };
}

/** The text of a token that a config names as text or as an object; null and absent give undefined. */
export function tokenContent(value: JsonValue | undefined, where: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  if (isJsonObject(value)) return readFields(value, { file: where }).read("content", textField);
  throw corruptTokenizer(where, "expected a token, but found something else.");
}
