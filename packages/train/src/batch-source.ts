import type { JsonValue } from "@attune/spec";
import type { HostValues } from "@attune/tensor-core";

/** One micro-batch: the objective's inputs and what the loop counts. */
export interface Batch {
  readonly inputs: Readonly<Record<string, HostValues>>;
  /** Tokens that are not padding. */
  readonly tokens: number;
  /** Tokens that the loss counts. */
  readonly trainedTokens: number;
  /** The same by term of the loss, where it has several. */
  readonly termTokens?: Readonly<Record<string, number>> | undefined;
}

/** Gives micro-batches without end, epoch after epoch. It may read current weights (PPO, GRPO), so it is asked one at a time. */
export interface BatchSource {
  /** The next micro-batch. */
  next(): Promise<Batch>;
  /** Micro-batches of the first epoch, for schedules given in epochs; absent where there are no epochs. */
  readonly batchesPerEpoch?: number | undefined;
  /** Where it stands, as plain data. */
  state(): JsonValue;
  /** Goes on from a state that `state` gave. @throws AttuneError `FILE_CORRUPT` for anything else */
  restore(state: JsonValue): void;
}
