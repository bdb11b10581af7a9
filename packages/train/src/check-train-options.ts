import { AttuneError, checkOptionKeys, describeValue, type OptionKeys } from "@attune/spec";
import type { TrainOptions } from "./train.ts";

const keys: OptionKeys<TrainOptions> = {
  runtime: true,
  store: true,
  objective: true,
  source: true,
  optimizer: true,
  schedule: true,
  steps: true,
  accumulation: true,
  clipNorm: true,
  lossScaling: true,
  seed: true,
  beforeUpdate: true,
  evaluation: true,
  patience: true,
  journal: true,
  identity: true,
  signal: true,
  profile: true,
  onProgress: true,
};

/** Refuses options before any work. @throws AttuneError `OPTIONS_INVALID` or `CONFIG_UNKNOWN_KEY` naming the option */
export function checkTrainOptions(options: TrainOptions): void {
  checkOptionKeys("train", options, keys);
  const { steps, accumulation = 1, seed, clipNorm, evaluation, patience } = options;
  checkInteger("steps", steps, 0);
  checkInteger("accumulation", accumulation, 1);
  checkInteger("seed", seed, 0, 2 ** 32 - 1);
  if (clipNorm !== undefined && !(Number.isFinite(clipNorm) && clipNorm > 0)) {
    throw refused("clipNorm", "a number above 0", clipNorm);
  }
  if (evaluation !== undefined) checkInteger("evaluation.every", evaluation.every, 1);
  if (patience === undefined) return;
  checkInteger("patience", patience, 1);
  if (evaluation === undefined) {
    throw new AttuneError("OPTIONS_INVALID", "patience counts evaluations, but train was given no evaluation.", {
      hint: "Give evaluation: { batches, every }, or leave patience out.",
      details: { key: "patience" },
    });
  }
}

function checkInteger(key: string, value: number, low: number, high: number = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= low && value <= high) return;
  const range = high === Number.MAX_SAFE_INTEGER ? `from ${low}` : `from ${low} to ${high}`;
  throw refused(key, `an integer ${range}`, value);
}

function refused(key: string, wanted: string, value: unknown): AttuneError {
  return new AttuneError(
    "OPTIONS_INVALID",
    `Expected ${key} of train to be ${wanted}, but received ${describeValue(value)}.`,
    { details: { key } },
  );
}
