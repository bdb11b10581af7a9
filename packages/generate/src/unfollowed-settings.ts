// Settings of generation_config.json that Transformers follows unasked and that are left to the caller here. Whoever compares, or
// expects what the model's card shows, has to be told of those that would choose other tokens.
import type { JsonObject, JsonValue } from "@attune/spec";
import type { SamplingOptions } from "./sampling-options.ts";

/** What the caller chose. */
interface GivenChoices {
  readonly sampling?: SamplingOptions | undefined;
  readonly numBeams?: number | undefined;
}

/** Settings that matter only where tokens are drawn, and the value that changes nothing. */
const drawing: Readonly<Record<string, JsonValue>> = {
  temperature: 1,
  top_k: 0,
  top_p: 1,
  min_p: 0,
  typical_p: 1,
  epsilon_cutoff: 0,
  eta_cutoff: 0,
  top_h: 1,
};

/** Settings that change the most likely token, too, or which tokens end a row. */
const always: Readonly<Record<string, JsonValue>> = {
  repetition_penalty: 1,
  encoder_repetition_penalty: 1,
  no_repeat_ngram_size: 0,
  encoder_no_repeat_ngram_size: 0,
  bad_words_ids: null,
  sequence_bias: null,
  suppress_tokens: null,
  begin_suppress_tokens: null,
  forced_bos_token_id: null,
  forced_eos_token_id: null,
  exponential_decay_length_penalty: null,
  guidance_scale: 1,
  penalty_alpha: 0,
  watermarking_config: null,
  min_length: 0,
  min_new_tokens: 0,
  stop_strings: null,
  num_beams: 1,
};

/**
 * Settings of a `generation_config.json` that ask for other tokens than `given` does, as "key value". Those that the caller chose a
 * value for are not among them.
 */
export function unfollowedSettings(
  generationConfig: JsonObject | undefined,
  { sampling = {}, numBeams }: GivenChoices = {},
): readonly string[] {
  const { temperature, topK, topP, minP, repetitionPenalty } = sampling;
  const chosen = [temperature, topK, topP, minP, numBeams].some((value) => value !== undefined);
  const draws = !chosen && generationConfig?.["do_sample"] === true;
  const decided = new Set([
    ...(repetitionPenalty === undefined ? [] : ["repetition_penalty"]),
    ...(chosen ? ["num_beams"] : []),
  ]);
  const asked = Object.entries({ ...always, ...(draws ? { do_sample: false, ...drawing } : {}) }).filter(
    ([key, neutral]) => !decided.has(key) && changes(generationConfig?.[key], neutral),
  );
  return asked.map(([key]) => `${key} ${JSON.stringify(generationConfig![key])}`);
}

function changes(value: JsonValue | undefined, neutral: JsonValue): boolean {
  if (value === undefined || value === null || value === neutral) return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}
