import {
  createRegistry,
  type FieldReader,
  readFields,
  type SpecialTokens,
  type StreamingDecoder,
  type Tokenizer,
  textField,
} from "@attune/spec";
import { type AddedVocabulary, createAddedVocabulary } from "./added-tokens/added-vocabulary.ts";
import { listAddedTokens, readRoles, roleIds } from "./added-tokens/special-token-roles.ts";
import { chatTemplateOf } from "./chat/chat-template.ts";
import { corruptTokenizer } from "./corrupt-tokenizer.ts";
import { buildDecoder } from "./decode/decoder.ts";
import { startDecoding } from "./decode/start-decoding.ts";
import { encodeText, type Pipeline } from "./encode/encode-text.ts";
import { buildNormalizer } from "./encode/normalizer.ts";
import { buildPostProcessor, type PostProcessor } from "./encode/post-processor.ts";
import { buildPreTokenizer } from "./encode/pre-tokenizer.ts";
import { canonicalJson } from "./files/canonical-json.ts";
import { sha256 } from "./files/sha256.ts";
import type { TokenizerFiles } from "./files/tokenizer-files.ts";
import type { TokenizerModel, TokenizerPlugin } from "./tokenizer-plugin.ts";

/**
 * Makes a tokenizer of parsed files. As in Transformers 5, the truncation and padding of tokenizer.json are left to the caller,
 * and its post-processor alone says what is put around a text: `add_bos_token` and `add_eos_token` of the config do not. Throws `FILE_CORRUPT` or `FILE_UNSUPPORTED` naming the section, `ID_UNKNOWN` for a model no plugin has.
 */
export function createTokenizer(files: TokenizerFiles, plugins: readonly TokenizerPlugin[]): Tokenizer {
  const root = readFields(files.tokenizer, { file: files.source });
  const { id, model } = buildModel(root, plugins);
  const normalizer = buildNormalizer(root.optionalObject("normalizer"));
  const preTokenizer = buildPreTokenizer(root.optionalObject("pre_tokenizer"));
  const decoder = buildDecoder(root.optionalObject("decoder"));
  const roles = readRoles(files, model);
  const added = createAddedVocabulary(listAddedTokens(files, model, roles), model, normalizer, files.source);
  const tokenOf = (token: number) => added.byId.get(token)?.content ?? model.tokenOf(token);
  const idOf = (token: string) => added.idOf.get(token) ?? model.idOf(token);
  const postProcessor = buildPostProcessor(root.optionalObject("post_processor"));
  const specialTokens = withAddedRoles(roleIds(roles, idOf), postProcessor);
  checkAddedIds(postProcessor, tokenOf, files.source);
  const pipeline: Pipeline = { model, normalizer, preTokenizer, added, postProcessor };
  const createDecoder: Tokenizer["createDecoder"] = (options = {}) =>
    startDecoding(decoder, tokenOf, added, options.skipSpecialTokens === true);
  let hash: string | undefined;
  return {
    kind: "tokenizer",
    specificationVersion: 1,
    id,
    get hash() {
      hash ??= sha256(canonicalJson(hashedContent(files, added, postProcessor)));
      return hash;
    },
    vocabularySize: added.vocabularySize,
    encode: (text, options = {}) => encodeText(pipeline, text, options),
    decode: (ids, options) => decodeAll(createDecoder(options), ids),
    createDecoder,
    tokenOf,
    idOf,
    specialTokens,
    specialIds: added.specialIds,
    addsBos: specialTokens.bos !== undefined && postProcessor.prefix.includes(specialTokens.bos),
    addsEos: specialTokens.eos !== undefined && postProcessor.suffix.includes(specialTokens.eos),
    ...chatTemplateOf(files),
  };
}

function buildModel(root: FieldReader, plugins: readonly TokenizerPlugin[]): { id: string; model: TokenizerModel } {
  const section = root.object("model");
  // Files of the first releases name no type; those of BPE are known by their merges.
  const id = section.read("type", textField, "merges" in section.fields ? "BPE" : undefined);
  return { id, model: createRegistry<TokenizerPlugin>("tokenizer-model", plugins).get(id).build(section) };
}

function decodeAll(decoding: StreamingDecoder, ids: ArrayLike<number>): string {
  const parts: string[] = [];
  for (let index = 0; index < ids.length; index++) parts.push(decoding.push(ids[index]!));
  parts.push(decoding.end());
  return parts.join("");
}

/** What tokenizer.json puts around a text are the beginning and the end, where no config names others. */
function withAddedRoles(roles: SpecialTokens, { prefix, suffix }: PostProcessor): SpecialTokens {
  return { ...roles, bos: roles.bos ?? prefix[0], eos: roles.eos ?? suffix.at(-1) };
}

function checkAddedIds(
  { prefix, suffix }: PostProcessor,
  tokenOf: (id: number) => string | undefined,
  source: string,
): void {
  const missing = [...prefix, ...suffix].find((id) => tokenOf(id) === undefined);
  if (missing === undefined) return;
  throw corruptTokenizer(`${source}: post_processor`, `adds the id ${missing}, but no token has it.`);
}

/** What decides about ids and texts; names, comments and the chat template do not. */
function hashedContent(files: TokenizerFiles, added: AddedVocabulary, { prefix, suffix }: PostProcessor) {
  const { normalizer = null, pre_tokenizer = null, decoder = null, model = null } = files.tokenizer;
  const addedTokens = [...added.byId]
    .sort(([left], [right]) => left - right)
    .map(([id, token]) => [id, { ...token }] as const);
  return { normalizer, pre_tokenizer, decoder, model, addedTokens, prefix, suffix };
}
