import { AttuneError } from "@attune/spec";

/** What a run is made with. */
export interface TunerSettings {
  /** Rank of LoRA; its alpha is twice the rank. */
  readonly rank: number;
  /** Peak of the learning rate. */
  readonly learningRate: number;
  readonly steps: number;
  /** Packed rows of one step. */
  readonly rows: number;
  readonly seed: number;
}

/** Rank, learning rate and rows of a step as in recipes/e2e.yaml, the recipe for texts that are written. */
export const defaultSettings: TunerSettings = { rank: 16, learningRate: 2e-3, steps: 60, rows: 4, seed: 7 };

/** What each setting may be; the fields of the page have the same limits. */
export const settingLimits: Readonly<
  Record<keyof TunerSettings, { readonly minimum: number; readonly maximum: number; readonly whole: boolean }>
> = {
  rank: { minimum: 1, maximum: 256, whole: true },
  learningRate: { minimum: 1e-6, maximum: 1, whole: false },
  steps: { minimum: 1, maximum: 10_000, whole: true },
  rows: { minimum: 1, maximum: 64, whole: true },
  seed: { minimum: 0, maximum: 2 ** 31 - 1, whole: true },
};

const names: Readonly<Record<keyof TunerSettings, string>> = {
  rank: "rank",
  learningRate: "learning rate",
  steps: "number of steps",
  rows: "number of rows a step",
  seed: "seed",
};

/** Checks settings. @throws AttuneError `OPTIONS_INVALID` naming the one that is out of bounds */
export function checkSettings(settings: TunerSettings): TunerSettings {
  for (const key of Object.keys(settingLimits) as (keyof TunerSettings)[]) {
    const { minimum, maximum, whole } = settingLimits[key];
    const value = settings[key];
    if (value >= minimum && value <= maximum && (!whole || Number.isInteger(value))) continue;
    throw new AttuneError(
      "OPTIONS_INVALID",
      `Expected the ${names[key]} to be a ${whole ? "whole " : ""}number from ${minimum} to ${maximum}, but received ${Number.isNaN(value) ? "nothing" : value}.`,
      { hint: `It was ${defaultSettings[key]} at first.`, details: { key } },
    );
  }
  return settings;
}
