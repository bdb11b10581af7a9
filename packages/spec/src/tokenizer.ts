import type { Contract } from "./contract.ts";

/** Token ids of one text and where each of them stands in it. */
export interface Encoding {
  /** Token ids, [tokens]. */
  readonly ids: Uint32Array;
  /**
   * Start and end of each token, [tokens, 2] flattened, as half-open ranges in UTF-16 units of the input.
   * Special tokens that were added have start = end.
   */
  readonly offsets: Uint32Array;
}

/** How a text is encoded. */
export interface EncodeOptions {
  /** Add the tokens that the tokenizer puts around a text, such as BOS. Default false. */
  readonly addSpecialTokens?: boolean | undefined;
  /** Read special tokens that are written in the text as such, instead of as plain text. Default false. */
  readonly parseSpecialTokens?: boolean | undefined;
}

/** How ids are decoded. */
export interface DecodeOptions {
  /** Leave special tokens out of the text. Default false. */
  readonly skipSpecialTokens?: boolean | undefined;
}

/** Decodes a stream of ids, holding back characters whose bytes are not complete yet. */
export interface StreamingDecoder {
  /** Takes the next id and returns the text that is certain now, possibly empty. */
  push(id: number): string;
  /** Returns what was held back; incomplete bytes become U+FFFD. */
  end(): string;
}

/** The ids of the tokens that have a role; absent when the vocabulary has none for it. */
export interface SpecialTokens {
  readonly bos?: number | undefined;
  readonly eos?: number | undefined;
  readonly pad?: number | undefined;
  readonly unk?: number | undefined;
}

/** Text to token ids and back. */
export interface Tokenizer extends Contract<"tokenizer"> {
  /** SHA-256 of the vocabulary and its settings, as hexadecimal: equal hashes encode equally. */
  readonly hash: string;
  /** One more than the largest id. */
  readonly vocabularySize: number;
  /** Turns a text into ids with offsets. */
  encode(text: string, options?: EncodeOptions): Encoding;
  /** Turns ids into text; bytes that are no UTF-8 become U+FFFD. Throws `INPUT_INVALID` for an id that is not there. */
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string;
  /** Starts decoding a stream of ids. */
  createDecoder(options?: DecodeOptions): StreamingDecoder;
  /** The vocabulary's entry of an id, in the spelling of the tokenizer's file. */
  tokenOf(id: number): string | undefined;
  /** The id of a vocabulary entry. */
  idOf(token: string): number | undefined;
  /** Ids by role. */
  readonly specialTokens: SpecialTokens;
  /** All ids that `skipSpecialTokens` leaves out. */
  readonly specialIds: ReadonlySet<number>;
  /** Whether `addSpecialTokens` puts a BOS in front. */
  readonly addsBos: boolean;
  /** Whether `addSpecialTokens` puts an EOS at the end. */
  readonly addsEos: boolean;
  /** Jinja source of the chat template, when the tokenizer has one. */
  readonly chatTemplate?: string | undefined;
}
