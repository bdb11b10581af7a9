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
  /** Ids that end a row. Default: the end tokens of the model's configuration. */
  readonly stopIds?: readonly number[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What was generated for one row. */
export interface Generation {
  /** New ids; one that ended the row is kept. */
  readonly ids: readonly number[];
  /** "stop" after an end token or where `onToken` said so, "length" after `maxNewTokens`. */
  readonly finish: "stop" | "length";
}
