import { AttuneError, type EncodeOptions, type Encoding } from "@attune/spec";
import type { AddedVocabulary } from "../added-tokens/added-vocabulary.ts";
import type { TokenizerModel } from "../tokenizer-plugin.ts";
import { type AlignedText, alignedText, sliceAligned, sourceEnd, sourceStart } from "./aligned-text.ts";
import type { Normalizer } from "./normalizer.ts";
import type { PostProcessor } from "./post-processor.ts";
import type { Piece, PreTokenizer } from "./pre-tokenizer.ts";
import { createTokenBuffer, pushToken, type TokenBuffer } from "./token-buffer.ts";
import { trimOffsets } from "./trim-offsets.ts";

/** The parts that a text passes through on its way to ids. */
export interface Pipeline {
  readonly model: TokenizerModel;
  readonly normalizer: Normalizer;
  readonly preTokenizer: PreTokenizer;
  readonly added: AddedVocabulary;
  readonly postProcessor: PostProcessor;
}

/**
 * Encodes a text: added tokens as written are cut out, what lies between is normalised, cut at the added tokens that
 * are looked for in normalised text, pre-tokenized and encoded piece by piece.
 */
export function encodeText(pipeline: Pipeline, text: string, options: EncodeOptions): Encoding {
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
  if (postProcessor.trimsOffsets) {
    const textOf = (id: number, start: number, end: number): string =>
      added.byId.has(id) ? text.slice(start, end) : (pipeline.model.tokenOf(id) ?? "");
    trimOffsets(output, first, textOf, postProcessor.addsPrefixSpace);
  }
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
