import { describe, expect, it } from "vitest";
import { unfollowedSettings } from "../src/index.ts";

const llama3 = {
  bos_token_id: 1,
  do_sample: true,
  eos_token_id: [2, 3],
  max_length: 4096,
  temperature: 0.6,
  top_p: 0.9,
};

describe("unfollowedSettings", () => {
  it("names what would draw other tokens, unless the caller chose how to", () => {
    expect(unfollowedSettings(llama3)).toEqual(["do_sample true", "temperature 0.6", "top_p 0.9"]);
    expect(unfollowedSettings({ ...llama3, do_sample: false })).toEqual([]);
    for (const sampling of [{ temperature: 0 }, { topK: 3 }, { topP: 0.5 }, { minP: 0.1 }])
      expect(unfollowedSettings(llama3, { sampling })).toEqual([]);
    expect(unfollowedSettings(llama3, { numBeams: 2 })).toEqual([]);
  });

  it("names what would change the most likely token, too", () => {
    const config = { repetition_penalty: 1.1, num_beams: 4, suppress_tokens: [5], no_repeat_ngram_size: 3 };
    expect(unfollowedSettings(config, { sampling: { seed: 1 } })).toEqual([
      "repetition_penalty 1.1",
      "no_repeat_ngram_size 3",
      "suppress_tokens [5]",
      "num_beams 4",
    ]);
    expect(unfollowedSettings(config, { sampling: { temperature: 0, repetitionPenalty: 1.2 } })).toEqual([
      "no_repeat_ngram_size 3",
      "suppress_tokens [5]",
    ]);
  });

  it("names nothing of a file that asks for nothing", () => {
    expect(unfollowedSettings(undefined)).toEqual([]);
    const neutral = { repetition_penalty: 1, suppress_tokens: [], sequence_bias: {}, num_beams: 1, min_length: 0 };
    expect(unfollowedSettings({ ...neutral, forced_eos_token_id: null, eos_token_id: 2, do_sample: true })).toEqual([
      "do_sample true",
    ]);
    expect(unfollowedSettings({ ...neutral, eos_token_id: 2, pad_token_id: 0, max_new_tokens: 9 })).toEqual([]);
  });
});
