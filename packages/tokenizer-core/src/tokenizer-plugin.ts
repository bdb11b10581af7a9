import type { Contract, FieldReader, GgufVocabulary } from "@attune/spec";
import type { TokenBuffer } from "./encode/token-buffer.ts";
import type { TokenizerFiles } from "./files/tokenizer-files.ts";

/** The part of a tokenizer that turns a piece of text into ids: BPE, WordPiece or Unigram with a vocabulary. */
export interface TokenizerModel {
  /** One more than the largest id. */
  readonly vocabularySize: number;
  /** The token with this id. */
  tokenOf(id: number): string | undefined;
  /** The id of this token. */
  idOf(token: string): number | undefined;
  /** Token for what the vocabulary does not hold. */
  readonly unknownToken?: string | undefined;
  /**
   * Appends the tokens of one piece, with places in UTF-16 units of the piece. With `bytes`, the vocabulary is over
   * byte characters and the piece stands for its UTF-8 bytes; a token of a part of a character takes the place of all
   * of it.
   */
  encode(text: string, bytes: boolean, output: TokenBuffer): void;
}

/** A kind of tokenizer model that the loader can be given; its id is the `model.type` of tokenizer.json. */
export interface TokenizerPlugin extends Contract<"tokenizer-model"> {
  /** Builds the model from its section of tokenizer.json. Throws `FILE_CORRUPT` for what cannot be trusted. */
  build(section: FieldReader): TokenizerModel;
  /** How to turn a GGUF vocabulary into the files of a tokenizer, by the value of `tokenizer.ggml.model`. */
  readonly gguf?: Readonly<Record<string, (vocabulary: GgufVocabulary) => TokenizerFiles>> | undefined;
}
