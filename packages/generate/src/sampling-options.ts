import { AttuneError, checkOptionKeys, type OptionKeys } from "@attune/spec";

/** How the next token is chosen. Without any of them the most likely one is. */
export interface SamplingOptions {
  /** Divides the logits; 0 means greedy. Default 1 if any other option draws, else greedy. */
  readonly temperature?: number | undefined;
  /** Keeps the k most likely tokens, and those that equal the k-th. */
  readonly topK?: number | undefined;
  /** Keeps the smallest set of most likely tokens whose probabilities reach p. */
  readonly topP?: number | undefined;
  /** Keeps tokens whose probability is at least this share of the largest. */
  readonly minP?: number | undefined;
  /** Divides positive and multiplies negative logits of every token of the prompt and the answer; 1 is neutral. */
  readonly repetitionPenalty?: number | undefined;
  /** Seed of the draws. Default 0. */
  readonly seed?: number | undefined;
}

/** Options that were checked. */
export interface Sampling {
  readonly draws: boolean;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly seed: number;
}

const samplingKeys: OptionKeys<SamplingOptions> = {
  temperature: true,
  topK: true,
  topP: true,
  minP: true,
  repetitionPenalty: true,
  seed: true,
};

/** Checks options. Throws `OPTIONS_INVALID` or `CONFIG_UNKNOWN_KEY` naming the one that is wrong. */
export function parseSampling(options: SamplingOptions = {}): Sampling {
  checkOptionKeys("sampling", options, samplingKeys);
  const { temperature, topK, topP, minP, repetitionPenalty = 1, seed = 0 } = options;
  const narrowed = topK !== undefined || topP !== undefined || minP !== undefined;
  const expect = (name: keyof SamplingOptions, valid: boolean, expected: string): void => {
    if (valid) return;
    throw new AttuneError("OPTIONS_INVALID", `Expected ${name} to be ${expected}, got ${options[name]}.`, {
      details: { key: name },
    });
  };
  const finite = (value: number | undefined): boolean => value === undefined || Number.isFinite(value);
  expect("temperature", finite(temperature) && (temperature ?? 0) >= 0, "a number of at least 0");
  expect("topK", topK === undefined || (Number.isSafeInteger(topK) && topK >= 1), "an integer of at least 1");
  expect("topP", finite(topP) && (topP ?? 1) > 0 && (topP ?? 1) <= 1, "above 0 and at most 1");
  expect("minP", finite(minP) && (minP ?? 0) >= 0 && (minP ?? 0) <= 1, "between 0 and 1");
  expect("repetitionPenalty", Number.isFinite(repetitionPenalty) && repetitionPenalty > 0, "a number above 0");
  expect("seed", Number.isSafeInteger(seed) && seed >= 0 && seed < 2 ** 32, "an integer from 0 to 2^32 - 1");
  return {
    draws: temperature === undefined ? narrowed : temperature > 0,
    temperature: temperature || 1,
    topK: topK ?? Number.POSITIVE_INFINITY,
    topP: topP ?? 1,
    minP: minP ?? 0,
    repetitionPenalty,
    seed,
  };
}
