/** One step of a long-running operation, for a progress bar or a log line. */
export interface ProgressEvent {
  /** What is being done, for example `train` or `dedup`. */
  readonly stage: string;
  /** How many units are done. */
  readonly done: number;
  /** How many units there are, when that is known. */
  readonly total?: number | undefined;
  /** What is counted, for example `steps`, `records`, `bytes`. */
  readonly unit: string;
  /** One line for the reader. */
  readonly message?: string | undefined;
  /** Numbers of the moment, for example `loss` and `tokensPerSecond`. */
  readonly metrics?: Readonly<Record<string, number>> | undefined;
}

/** Receives progress; must return quickly and not throw. */
export type ProgressListener = (event: ProgressEvent) => void;
