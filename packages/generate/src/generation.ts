import type { OptionKeys } from "@attune/spec";
import type { TokenChooser } from "./choose-token.ts";
import type { SamplingOptions } from "./sampling-options.ts";

/** A prompt to go on from. */
export interface GenerateRequest {
  readonly ids: ArrayLike<number>;
  /** Called with each new id as it is chosen; returning true ends the row. */
  readonly onToken?: ((id: number) => unknown) | undefined;
}

/** How rows are continued. */
export interface GenerateOptions {
  /** At most this many new tokens a row. */
  readonly maxNewTokens: number;
  readonly sampling?: SamplingOptions | undefined;
  /**
   * Makes what chooses the tokens of a row, in place of `sampling`: constraints, and samplers of your own. It may change logits and hand
   * them to one of `createTokenChooser`.
   */
  readonly chooser?: ((row: number) => TokenChooser) | undefined;
  /** Ids that end a row. Default: the end tokens of the model's configuration. */
  readonly stopIds?: readonly number[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The keys of `GenerateOptions`. */
export const generateOptionKeys: OptionKeys<GenerateOptions> = {
  maxNewTokens: true,
  sampling: true,
  chooser: true,
  stopIds: true,
  signal: true,
};

/** What was generated for one row. */
export interface Generation {
  /** New ids; one that ended the row is kept. */
  readonly ids: readonly number[];
  /** "stop" after an end token or where `onToken` said so, "length" after `maxNewTokens`. */
  readonly finish: "stop" | "length";
}
