import {
  AttuneError,
  checkOptionKeys,
  type JsonObject,
  type JsonValue,
  type OptionKeys,
  type ProgressListener,
  readFields,
} from "@attune/spec";
import {
  type AddedToken,
  addedToken,
  addedTokenJson,
  buildNormalizer,
  buildPreTokenizer,
  byteCharacters,
} from "@attune/tokenizer-core";
import { countWords, type WordCounts } from "./count-words.ts";
import { learnMerges } from "./learn-merges.ts";

/** What to train and how. */
export interface TrainBpeOptions {
  /** Number of tokens in the end: special tokens, alphabet and merges together. */
  readonly vocabularySize: number;
  /** A pair that occurs less often is not merged. Default 2. */
  readonly minFrequency?: number | undefined;
  /** Tokens that get the first ids, in this order, for example `<|endoftext|>`. */
  readonly specialTokens?: readonly (string | AddedToken)[] | undefined;
  /** Section `normalizer` of tokenizer.json. Default null: texts stay as they are. */
  readonly normalizer?: JsonValue | undefined;
  /** Section `pre_tokenizer`. Default: byte-level with GPT-2's expression. */
  readonly preTokenizer?: JsonValue | undefined;
  /** Section `decoder`. Default: byte-level. */
  readonly decoder?: JsonValue | undefined;
  /** Section `post_processor`. Default null: nothing is put around a text. */
  readonly postProcessor?: JsonValue | undefined;
  /** Characters that are in the vocabulary whether they occur or not. Default: those of the 256 bytes. */
  readonly initialAlphabet?: readonly string[] | undefined;
  /** Hears how many characters were counted and how many tokens there are. */
  readonly onProgress?: ProgressListener | undefined;
  readonly signal?: AbortSignal | undefined;
}

const optionKeys: OptionKeys<TrainBpeOptions> = {
  vocabularySize: true,
  minFrequency: true,
  specialTokens: true,
  normalizer: true,
  preTokenizer: true,
  decoder: true,
  postProcessor: true,
  initialAlphabet: true,
  onProgress: true,
  signal: true,
};

const byteLevel: JsonObject = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
/** As huggingface/tokenizers writes it; a decoder ignores the fields. */
const byteLevelDecoder: JsonObject = { ...byteLevel, add_prefix_space: true };

/**
 * Trains a byte-level BPE tokenizer and returns its tokenizer.json. Texts may come as a stream; memory grows with the
 * number of distinct words only. The same texts give the same result, in whatever order they come. Throws
 * `OPTIONS_INVALID` for a size that does not even hold the special tokens and the alphabet.
 */
export async function trainBpe(
  texts: Iterable<string> | AsyncIterable<string>,
  options: TrainBpeOptions,
): Promise<JsonObject> {
  checkOptionKeys("trainBpe", options, optionKeys);
  const { vocabularySize, minFrequency = 2, initialAlphabet = byteCharacters } = options;
  const { normalizer = null, preTokenizer = byteLevel, decoder = byteLevelDecoder, postProcessor = null } = options;
  const special = (options.specialTokens ?? []).map((token) =>
    typeof token === "string" ? addedToken(token, { special: true }) : token,
  );
  const section = (value: JsonValue, name: string) =>
    value === null ? undefined : readFields(value, { what: `the section ${name}` });
  const wordCounts = await countWords(
    texts,
    buildNormalizer(section(normalizer, "normalizer")),
    buildPreTokenizer(section(preTokenizer, "preTokenizer")),
    options,
  );
  const tokens = startingTokens(special, initialAlphabet, wordCounts);
  checkSize(vocabularySize, tokens.length);
  const merges = await learnMerges(tokens, wordCounts, { ...options, minFrequency });
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: special.map((token, id) => addedTokenJson(id, token)),
    normalizer,
    pre_tokenizer: preTokenizer,
    post_processor: postProcessor,
    decoder,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

/** Special tokens, then every character that occurs or must be there, by code point. */
function startingTokens(special: readonly AddedToken[], alphabet: readonly string[], words: WordCounts): string[] {
  const characters = new Set(alphabet);
  for (const word of words.keys()) for (const character of word) characters.add(character);
  const contents = special.map(({ content }) => content);
  const twice = contents.find((content, index) => content === "" || contents.indexOf(content) !== index);
  if (twice !== undefined) {
    throw new AttuneError(
      "OPTIONS_INVALID",
      `Expected specialTokens that differ and are not empty, but ${JSON.stringify(twice)} is not so.`,
    );
  }
  const ordered = [...characters].sort((left, right) => left.codePointAt(0)! - right.codePointAt(0)!);
  return [...contents, ...ordered.filter((character) => !contents.includes(character))];
}

function checkSize(vocabularySize: number, smallest: number): void {
  if (Number.isInteger(vocabularySize) && vocabularySize >= smallest && vocabularySize < 2 ** 21) return;
  throw new AttuneError(
    "OPTIONS_INVALID",
    `Expected vocabularySize from ${smallest} (special tokens and alphabet) to ${2 ** 21 - 1}, but received ${vocabularySize}.`,
    { details: { key: "vocabularySize" } },
  );
}
