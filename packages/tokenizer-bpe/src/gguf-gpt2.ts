import { AttuneError, type GgufVocabulary, type JsonObject, type JsonValue } from "@attune/spec";
import {
  addedToken,
  addedTokenJson,
  corruptTokenizer,
  gpt2Expression,
  type TokenizerFiles,
} from "@attune/tokenizer-core";

const llama3Expression =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const qwen2Expression = llama3Expression.replace("\\p{N}{1,3}", "\\p{N}");

interface PreTokenizerRule {
  readonly expressions: readonly string[];
  readonly ignoreMerges?: boolean;
  readonly addsBos?: boolean;
}

const gpt2Rule: PreTokenizerRule = { expressions: [gpt2Expression] };
const digitsRule: PreTokenizerRule = { expressions: ["\\p{N}", gpt2Expression] };
const llama3Rule: PreTokenizerRule = { expressions: [llama3Expression], ignoreMerges: true, addsBos: true };

/** The pre-tokenizers by the value of `tokenizer.ggml.pre`, as llama.cpp (src/llama-vocab.cpp) knows them. */
const rules: ReadonlyMap<string, PreTokenizerRule> = new Map([
  ["gpt-2", gpt2Rule],
  ["phi-2", gpt2Rule],
  ["olmo", gpt2Rule],
  ["mpt", gpt2Rule],
  ["smollm", digitsRule],
  ["starcoder", digitsRule],
  ["refact", digitsRule],
  ["command-r", digitsRule],
  ["llama-bpe", llama3Rule],
  ["llama3", llama3Rule],
  ["llama-v3", llama3Rule],
  ["qwen2", { expressions: [qwen2Expression] }],
]);

/** Turns a GGUF vocabulary of the model `gpt2` (byte-level BPE) into the files of a tokenizer. */
export function gpt2TokenizerFiles(vocabulary: GgufVocabulary): TokenizerFiles {
  const rule = rules.get(vocabulary.pre ?? "");
  if (!rule) {
    throw new AttuneError(
      "FILE_UNSUPPORTED",
      `${vocabulary.file}: tokenizer.ggml.pre is ${JSON.stringify(vocabulary.pre ?? null)}, whose pre-tokenizer is not known.`,
      {
        hint: `Known are ${[...rules.keys()].join(", ")}.`,
        details: { file: vocabulary.file, known: [...rules.keys()] },
      },
    );
  }
  if (!vocabulary.merges)
    throw corruptTokenizer(vocabulary.file, "expected tokenizer.ggml.merges, but there are none.");
  const splits = rule.expressions.map(
    (Regex): JsonValue => ({ type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false }),
  );
  const bytes = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
  return ggufTokenizerFiles(
    vocabulary,
    { addBos: rule.addsBos ?? false },
    {
      normalizer: null,
      pre_tokenizer: { type: "Sequence", pretokenizers: [...splits, bytes] },
      decoder: bytes,
      model: {
        type: "BPE",
        ignore_merges: rule.ignoreMerges ?? false,
        vocab: tokenIds(vocabulary),
        merges: vocabulary.merges,
      },
    },
  );
}

/** Adds to a document what all GGUF vocabularies have: control tokens, tokens with a role, the chat template. */
export function ggufTokenizerFiles(
  vocabulary: GgufVocabulary,
  defaults: { readonly addBos: boolean },
  document: JsonObject,
): TokenizerFiles {
  const { tokens, tokenTypes, file } = vocabulary;
  const roleIds = [vocabulary.bosId, vocabulary.eosId, vocabulary.paddingId, vocabulary.unknownId];
  const addedTokens = tokens.flatMap((content, id): JsonValue[] => {
    const type = tokenTypes?.[id];
    const special = type === 3 || type === 2 || (tokenTypes === undefined && roleIds.includes(id));
    return special || type === 4 ? [addedTokenJson(id, addedToken(content, { special, normalized: false }))] : [];
  });
  const tokenAt = (id: number | undefined, key: string): string | null => {
    if (id === undefined) return null;
    const token = tokens[id];
    if (token === undefined)
      throw corruptTokenizer(file, `${key} is ${id}, but there are only ${tokens.length} tokens.`);
    return token;
  };
  return {
    source: file,
    tokenizer: { ...document, added_tokens: addedTokens, post_processor: around(vocabulary, defaults) },
    config: {
      bos_token: tokenAt(vocabulary.bosId, "tokenizer.ggml.bos_token_id"),
      eos_token: tokenAt(vocabulary.eosId, "tokenizer.ggml.eos_token_id"),
      pad_token: tokenAt(vocabulary.paddingId, "tokenizer.ggml.padding_token_id"),
      unk_token: tokenAt(vocabulary.unknownId, "tokenizer.ggml.unknown_token_id"),
    },
    chatTemplate: vocabulary.chatTemplate,
  };
}

/** The template that puts the beginning and the end around texts, as far as the file asks for them. */
function around(
  { tokens, bosId, eosId, addBos, addEos = false }: GgufVocabulary,
  defaults: { readonly addBos: boolean },
): JsonObject | null {
  const before = (addBos ?? defaults.addBos) && bosId !== undefined ? [bosId] : [];
  const behind = addEos && eosId !== undefined ? [eosId] : [];
  if (before.length + behind.length === 0) return null;
  const special = (id: number) => ({ SpecialToken: { id: tokens[id]!, type_id: 0 } });
  const text = (id: "A" | "B", type_id: number) => ({ Sequence: { id, type_id } });
  const single = [...before.map(special), text("A", 0), ...behind.map(special)];
  return {
    type: "TemplateProcessing",
    single,
    pair: [...single, text("B", 1)],
    special_tokens: Object.fromEntries(
      [...before, ...behind].map((id) => [tokens[id]!, { id: tokens[id]!, ids: [id], tokens: [tokens[id]!] }]),
    ),
  };
}

function tokenIds({ tokens, file }: GgufVocabulary): JsonObject {
  const ids = Object.fromEntries(tokens.map((token, id) => [token, id]));
  if (Object.keys(ids).length === tokens.length) return ids;
  const seen = new Set<string>();
  const twice = tokens.find((token) => seen.size === seen.add(token).size);
  throw corruptTokenizer(file, `expected each token once, but ${JSON.stringify(twice)} is there twice.`);
}
