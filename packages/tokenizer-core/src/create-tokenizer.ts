import { AttuneError, createRegistry, type EncodeOptions, type Encoding, type Tokenizer } from "@attune/spec";
import { type AddedVocabulary, createAddedVocabulary } from "./added-vocabulary.ts";
import { type AlignedText, alignedText, sliceAligned, sourceEnd, sourceStart } from "./aligned-text.ts";
import { canonicalJson } from "./canonical-json.ts";
import { chatTemplateOf } from "./chat-template.ts";
import { buildDecoder } from "./decoder.ts";
import { buildNormalizer, type Normalizer } from "./normalizer.ts";
import { buildPostProcessor, type PostProcessor } from "./post-processor.ts";
import { buildPreTokenizer, type Piece, type PreTokenizer } from "./pre-tokenizer.ts";
import { corruptSection, optionalSection, type Section, sectionOf, stringField } from "./section.ts";
import { sha256 } from "./sha256.ts";
import { listAddedTokens, readRoles, roleIds } from "./special-token-roles.ts";
import { createTokenBuffer, pushToken, type TokenBuffer } from "./token-buffer.ts";
import type { TokenizerFiles } from "./tokenizer-files.ts";
import type { TokenizerModel, TokenizerPlugin } from "./tokenizer-plugin.ts";
import { trimOffsets } from "./trim-offsets.ts";

/**
 * Makes a tokenizer of parsed files. The truncation and padding of tokenizer.json are left to the caller, as in
 * Transformers. Throws `FILE_CORRUPT` or `FILE_UNSUPPORTED` naming the section, `ID_UNKNOWN` for a model no plugin has.
 */
export function createTokenizer(files: TokenizerFiles, plugins: readonly TokenizerPlugin[]): Tokenizer {
  const root: Section = { value: files.tokenizer, where: files.source };
  const modelSection = sectionOf(files.tokenizer["model"], `${files.source}: model`);
  // Files of the first releases name no type; those of BPE are known by their merges.
  const type = stringField(modelSection, "type", "merges" in modelSection.value ? "BPE" : undefined);
  const model = createRegistry<TokenizerPlugin>("tokenizer-model", plugins).get(type).build(modelSection);
  const normalizer = buildNormalizer(optionalSection(root, "normalizer"));
  const roles = readRoles(files, model);
  const added = createAddedVocabulary(listAddedTokens(files, model, roles), model, normalizer, files.source);
  const idOf = (token: string) => added.idOf.get(token) ?? model.idOf(token);
  const specialTokens = roleIds(roles, idOf);
  const given = buildPostProcessor(optionalSection(root, "post_processor"));
  const postProcessor = configuredPostProcessor(given, files, specialTokens.bos, specialTokens.eos);
  for (const id of [...postProcessor.prefix, ...postProcessor.suffix]) {
    if ((added.byId.get(id)?.content ?? model.tokenOf(id)) === undefined) {
      throw corruptSection(`${files.source}: post_processor`, `adds the id ${id}, but no token has it.`);
    }
  }
  const preTokenizer = buildPreTokenizer(optionalSection(root, "pre_tokenizer"));
  const pipeline: Pipeline = { model, normalizer, preTokenizer, added, postProcessor };
  const decoder = buildDecoder(optionalSection(root, "decoder"));
  const tokenOf = (id: number) => added.byId.get(id)?.content ?? model.tokenOf(id);
  const createDecoder: Tokenizer["createDecoder"] = (options = {}) => {
    const stage = decoder.start(false);
    let text = "";
    const emit = (part: string): void => {
      text += part;
    };
    const take = (): string => {
      const taken = text;
      text = "";
      return taken;
    };
    return {
      push(id) {
        const token = tokenOf(id);
        const skipped = options.skipSpecialTokens === true && added.specialIds.has(id);
        if (token !== undefined && !skipped) stage.push(token, added.byId.has(id), emit);
        return take();
      },
      end() {
        stage.end(emit);
        return take();
      },
    };
  };
  let hash: string | undefined;
  return {
    kind: "tokenizer",
    specificationVersion: 1,
    id: type,
    get hash() {
      hash ??= sha256(canonicalJson(hashedContent(files, added, postProcessor)));
      return hash;
    },
    vocabularySize: added.vocabularySize,
    encode: (text, options = {}) => encode(pipeline, text, options),
    decode(ids, options) {
      const decoding = createDecoder(options);
      const parts: string[] = [];
      for (let index = 0; index < ids.length; index++) parts.push(decoding.push(ids[index]!));
      parts.push(decoding.end());
      return parts.join("");
    },
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

interface Pipeline {
  readonly model: TokenizerModel;
  readonly normalizer: Normalizer;
  readonly preTokenizer: PreTokenizer;
  readonly added: AddedVocabulary;
  readonly postProcessor: PostProcessor;
}

function encode(pipeline: Pipeline, text: string, options: EncodeOptions): Encoding {
  if (typeof text !== "string") {
    throw new AttuneError("INPUT_INVALID", `Expected a text to encode, but received ${typeof text}.`);
  }
  const { added, normalizer, postProcessor } = pipeline;
  const special = options.parseSpecialTokens === true;
  const output = createTokenBuffer(16 + (text.length >> 1));
  const around = options.addSpecialTokens === true;
  if (around) for (const id of postProcessor.prefix) pushToken(output, id, 0, 0);
  const first = output.length;
  added.split(text, false, special, (id, from, to) => {
    if (id >= 0) return pushToken(output, id, from, to);
    const segment = normalizer(alignedText(text.slice(from, to), from));
    added.split(segment.text, true, special, (innerId, start, end) => {
      if (innerId >= 0) pushToken(output, innerId, sourceStart(segment, start), sourceEnd(segment, end));
      else encodeSegment(pipeline, sliceAligned(segment, start, end), output);
    });
  });
  if (postProcessor.trimsOffsets) trimOffsets(output, first, pipeline.model.tokenOf, postProcessor.addsPrefixSpace);
  if (around) for (const id of postProcessor.suffix) pushToken(output, id, text.length, text.length);
  return { ids: output.ids.slice(0, output.length), offsets: output.offsets.slice(0, 2 * output.length) };
}

function encodeSegment({ model, preTokenizer }: Pipeline, segment: AlignedText, output: TokenBuffer): void {
  preTokenizer({ ...segment, bytes: false }, (piece) => {
    const first = output.length;
    model.encode(piece.text, piece.bytes, output);
    placeInSource(piece, output, first);
  });
}

/** Turns places in the piece into places in the input. */
function placeInSource(piece: Piece, output: TokenBuffer, first: number): void {
  const { offsets, length } = output;
  if (!piece.map) {
    for (let index = 2 * first; index < 2 * length; index++) offsets[index]! += piece.start;
    return;
  }
  for (let index = first; index < length; index++) {
    const start = sourceStart(piece, offsets[2 * index]!);
    offsets[2 * index + 1] = sourceEnd(piece, offsets[2 * index + 1]!);
    offsets[2 * index] = start;
  }
}

/** `add_bos_token` and `add_eos_token` of the config, where one is there, take the place of what tokenizer.json adds. */
function configuredPostProcessor(
  given: PostProcessor,
  { config, source }: TokenizerFiles,
  bos: number | undefined,
  eos: number | undefined,
): PostProcessor {
  const [addBos, addEos] = ["add_bos_token", "add_eos_token"].map((key) => {
    const value = config?.[key];
    if (value === undefined || value === null || typeof value === "boolean") return value ?? undefined;
    throw corruptSection(
      `${source}: tokenizer_config.${key}`,
      `expected true or false, but found ${JSON.stringify(value)}.`,
    );
  });
  if (addBos === undefined && addEos === undefined) return given;
  return {
    ...given,
    prefix: addBos && bos !== undefined ? [bos] : [],
    suffix: addEos && eos !== undefined ? [eos] : [],
  };
}

/** What decides about ids and texts; names, comments and the chat template do not. */
function hashedContent(files: TokenizerFiles, added: AddedVocabulary, { prefix, suffix }: PostProcessor) {
  const { normalizer = null, pre_tokenizer = null, decoder = null, model = null } = files.tokenizer;
  const addedTokens = [...added.byId]
    .sort(([left], [right]) => left - right)
    .map(([id, token]) => [id, { ...token }] as const);
  return { normalizer, pre_tokenizer, decoder, model, addedTokens, prefix, suffix };
}
