import { join } from "node:path";
import { forwardLogits, type Model, modelScope, type SiteVisitor } from "@attune/models";
import type { JsonObject } from "@attune/spec";
import { mul, type Runtime, tensorType } from "@attune/tensor-core";
import { describe, expect, it } from "vitest";
import { createCachePrograms } from "../src/cache-programs.ts";
import { endIds } from "../src/check-requests.ts";
import { largest } from "../src/choose-token.ts";
import {
  createGenerator,
  createScorer,
  createTokenChooser,
  type GenerateRequest,
  parseSampling,
} from "../src/index.ts";
import { fixtures, tinyModel } from "./support/tiny-model.ts";

const { runtime, model } = await tinyModel();
const prompts: GenerateRequest[] = [
  [5, 6, 7],
  [9],
  [50, 60, 70, 80, 90, 3, 4, 11, 12],
  [33, 34],
  [8, 8, 8, 8],
  [77],
].map((ids) => ({ ids }));

/** Logits after the last of `ids`, without a cache. */
async function uncached(
  ids: readonly number[],
  visitors: readonly SiteVisitor[] = [],
  target: Model = model,
): Promise<Float32Array> {
  const program = await runtime.compile((trace) => {
    const row = tensorType([1, ids.length], "i32");
    trace.output(
      "logits",
      forwardLogits(target, modelScope(trace, target, visitors), {
        ids: trace.input("ids", row),
        positions: trace.input("positions", row),
      }),
    );
  });
  const { logits } = await program.run({ ids, positions: [...ids.keys()] });
  program.dispose();
  return (logits as Float32Array).slice(-model.config.vocabularySize);
}

const countPrograms = (target: Runtime): { runtime: Runtime; compiled: () => number; runs: () => number } => {
  let [compiled, runs] = [0, 0];
  const counting: Runtime = {
    ...target,
    async compile(build, options) {
      compiled++;
      const program = await target.compile(build, options);
      return {
        ...program,
        run(inputs) {
          runs++;
          return program.run(inputs);
        },
      };
    },
  };
  return { runtime: counting, compiled: () => compiled, runs: () => runs };
};

describe("a cache", () => {
  it("gives the logits of the whole sequence at every step, with contiguous rows and with tables", async () => {
    const programs = await createCachePrograms(runtime, model, { region: "cache", slots: 2, capacity: 64 }, []);
    const sequences = [
      [5, 6, 7],
      [40, 41, 42, 43, 44, 45],
    ];
    const expectLogits = async (logits: readonly Float32Array[]): Promise<void> => {
      for (const [index, ids] of sequences.entries()) {
        const expected = await uncached(ids);
        const worst = Math.max(...expected.map((value, id) => Math.abs(logits[index]![id]! - value)));
        expect(worst).toBeLessThan(2e-5);
      }
    };
    await expectLogits(await programs.prefill(sequences.map((ids, slot) => ({ ids, firstRow: 64 * slot }))));
    const scattered = sequences.map((ids, slot) => ids.map((_, position) => 64 * slot + position));
    for (const step of [0, 1, 2, 3]) {
      const rows = sequences.map((ids, slot) => {
        ids.push(20 + 7 * step + slot);
        const position = ids.length - 1;
        const row = step < 2 ? 64 * slot + position : 64 * (1 - slot) + 40 + step;
        scattered[slot]!.push(row);
        return { id: ids.at(-1)!, position, row, rows: scattered[slot]! };
      });
      await expectLogits(await programs.decode(rows, step >= 2));
    }
    programs.dispose();
  });
});

describe("generate", () => {
  it("gives each row what it gets alone, whatever the batch and the order", async () => {
    const options = {
      maxNewTokens: 12,
      stopIds: [...Array(40).keys()].filter((id) => id % 4 === 0),
      sampling: { temperature: 1.5, topK: 20, seed: 3 },
    };
    const generator = createGenerator(runtime, model, { batch: 4, prefillTokens: 10 });
    const together = await generator.generate(prompts, options);
    generator.dispose();
    const wide = createGenerator(runtime, model, { batch: 8 });
    expect(await wide.generate(prompts, options)).toEqual(together);
    expect(together.some(({ finish }) => finish === "stop") && together.some(({ finish }) => finish === "length")).toBe(
      true,
    );
    const [first, again] = await Promise.all([
      wide.generate(prompts.slice(0, 1), options),
      wide.generate(prompts, options),
    ]);
    expect(first[0]).toEqual(together[0]);
    expect(again).toEqual(together);
    expect(await wide.generate(prompts, { ...options, sampling: { ...options.sampling, seed: 4 } })).not.toEqual(
      together,
    );
    wide.dispose();
  });

  it("agrees with the uncached model token by token, and with a visitor too", async () => {
    const halve: SiteVisitor = ({ name }, next) => (name.endsWith("v_proj") ? mul(next(), 0.5) : next());
    for (const visitors of [[], [halve]]) {
      const generator = createGenerator(runtime, model, { visitors });
      const [row] = await generator.generate([{ ids: [5, 6, 7] }], { maxNewTokens: 6, stopIds: [] });
      const ids = [5, 6, 7];
      for (let step = 0; step < 6; step++) ids.push(largest(await uncached(ids, visitors)));
      expect(row!.ids).toEqual(ids.slice(3));
      generator.dispose();
    }
  });

  it("keeps to a window of attention", async () => {
    const near = { ...model, config: { ...model.config, window: 3 } as never };
    const generator = createGenerator(runtime, near);
    const [row] = await generator.generate([{ ids: [5, 6, 7, 8] }], { maxNewTokens: 6, stopIds: [] });
    const ids = [5, 6, 7, 8];
    for (let step = 0; step < 6; step++) ids.push(largest(await uncached(ids, [], near)));
    expect(row!.ids).toEqual(ids.slice(4));
    const [far] = await createGenerator(runtime, model).generate([{ ids: [5, 6, 7, 8] }], {
      maxNewTokens: 6,
      stopIds: [],
    });
    expect(far!.ids).not.toEqual(row!.ids);
    generator.dispose();
  });

  it.each([
    [
      "rope-dynamic",
      [1, ...new Array<number>(15).fill(70)],
      [94, 80, 12, 1, 73, 34, 53, 53, 53, 53, 53, 24, 23, 17, 62, 1],
    ],
    [
      "rope-longrope",
      [93, 93, 93, 93, 28, 18, 73, 18, 73, 73, 54, 35, 35, 35, 35, 35],
      [66, 15, 38, 33, 9, 9, 19, 20, 20, 20, 25, 85, 65, 55, 21, 69],
    ],
  ])(
    "stretches the frequencies of %s step by step, as Transformers 5.23 does for a model that saw nothing longer before",
    async (variant, ofShort, ofLong) => {
      const folder = join(fixtures, "..", "..", "..", "models", "test", "fixtures", "llama", variant);
      const stretching = await tinyModel({}, folder);
      expect(stretching.model.config.stretchesBeyond).toBe(16);
      const generator = createGenerator(stretching.runtime, stretching.model);
      const short = [5, 17, 60, 33, 8, 71, 90, 2, 44, 51];
      const long = [9, 80, 31, 66, 12, 7, 28, 93, 55, 40, 41, 42, 3, 61, 77, 18, 20, 35, 84, 11];
      const options = { maxNewTokens: 16, stopIds: [] };
      expect((await generator.generate([{ ids: short }], options))[0]!.ids).toEqual(ofShort);
      expect((await generator.generate([{ ids: long }], options))[0]!.ids).toEqual(ofLong);
      const both = await generator.generate([{ ids: short }, { ids: long }], options);
      expect(both.map(({ ids }) => ids)).toEqual([ofShort, ofLong]);
      generator.dispose();
    },
  );

  it("replays one decode plan, and keeps its programs for later calls", async () => {
    const counted = countPrograms(runtime);
    const generator = createGenerator(counted.runtime, model, { batch: 2 });
    await generator.generate([{ ids: [5] }, { ids: [6] }], { maxNewTokens: 20, stopIds: [] });
    expect([counted.compiled(), counted.runs()]).toEqual([2, 20]);
    await generator.generate([{ ids: [7, 8] }, { ids: [9] }], { maxNewTokens: 20, stopIds: [] });
    expect([counted.compiled(), counted.runs()]).toEqual([2, 40]);
    generator.dispose();
  });

  it("stops at the model's own end token, at an onToken that says so, and at the length", async () => {
    const generator = createGenerator(runtime, model);
    const [golden] = await generator.generate([{ ids: [5, 6, 7] }], { maxNewTokens: 5, stopIds: [] });
    const ended = { ...model, generationConfig: { eos_token_id: [golden!.ids[2]!] } };
    const own = createGenerator(runtime, ended);
    expect(await own.generate([{ ids: [5, 6, 7] }], { maxNewTokens: 5 })).toEqual([
      { ids: golden!.ids.slice(0, 3), finish: "stop" },
    ]);
    const seen: number[] = [];
    const onToken = (id: number): boolean => seen.push(id) === 2;
    expect(await generator.generate([{ ids: [5, 6, 7], onToken }], { maxNewTokens: 5, stopIds: [] })).toEqual([
      { ids: seen, finish: "stop" },
    ]);
    expect(seen).toEqual(golden!.ids.slice(0, 2));
    expect(await generator.generate([{ ids: [5] }], { maxNewTokens: 0 })).toEqual([{ ids: [], finish: "length" }]);
    expect(await generator.generate([], { maxNewTokens: 3 })).toEqual([]);
    generator.dispose();
    own.dispose();
  });

  it("takes end tokens of generation_config.json alone where there is one, as Transformers does", () => {
    const config = { ...model.config, eosIds: [3, 4] };
    const ends = (generationConfig: JsonObject | undefined) => endIds({ config, generationConfig });
    expect(ends(undefined)).toEqual([3, 4]);
    expect(ends({ eos_token_id: 7 })).toEqual([7]);
    expect(ends({ eos_token_id: [7, 8] })).toEqual([7, 8]);
    expect(ends({ eos_token_id: null })).toEqual([]);
    expect(ends({ temperature: 0.6 })).toEqual([]);
  });

  it("returns the memory that it took", async () => {
    const before = runtime.memory();
    const generator = createGenerator(runtime, model);
    await generator.generate([{ ids: [5] }], { maxNewTokens: 2 });
    const small = runtime.memory().state;
    await generator.generate(prompts, { maxNewTokens: 100, stopIds: [] });
    expect(runtime.memory().state).toBeGreaterThan(small);
    generator.dispose();
    expect(runtime.memory().state).toBe(before.state);
    expect(runtime.memory().weights).toBe(before.weights);
  });

  it("refuses what it cannot run, naming the row", async () => {
    const generator = createGenerator(runtime, model);
    const run = (ids: number[], options: object = {}) =>
      generator.generate([{ ids: [1] }, { ids }], { maxNewTokens: 8, ...options });
    await expect(run([])).rejects.toThrow("Row 1 has an empty prompt");
    await expect(run([3, 96])).rejects.toThrow("Row 1 has id 96 at 1; the model's ids go from 0 to 95");
    await expect(run(new Array(121).fill(4))).rejects.toMatchObject({ code: "CONTEXT_EXCEEDED" });
    await expect(run(new Array(121).fill(4))).rejects.toThrow(
      "Row 1 (121 prompt tokens and up to 8 new ones) has 129 tokens, but the model's context is 128",
    );
    await expect(run([3], { maxNewTokens: -1 })).rejects.toMatchObject({ code: "OPTIONS_INVALID" });
    for (const sampling of [
      { temperature: -1 },
      { topK: 0 },
      { topP: 0 },
      { topP: 1.1 },
      { minP: 2 },
      { repetitionPenalty: 0 },
      { seed: 0.5 },
      { temperature: Number.NaN },
    ]) {
      await expect(run([3], { sampling })).rejects.toMatchObject({
        code: "OPTIONS_INVALID",
        details: { key: Object.keys(sampling)[0] },
      });
    }
    await expect(run([3], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
    const controller = new AbortController();
    const onToken = (): void => controller.abort();
    await expect(
      generator.generate([{ ids: [3], onToken }], { maxNewTokens: 50, signal: controller.signal }),
    ).rejects.toMatchObject({ code: "ABORTED" });
    await expect(generator.beamSearch([3], { beams: 0, maxNewTokens: 2 })).rejects.toMatchObject({
      code: "OPTIONS_INVALID",
    });
    expect(() => createGenerator(runtime, model, { batch: 0 })).toThrow(
      "Expected batch to be an integer of at least 1, got 0.",
    );
    generator.dispose();
  });
});

describe("a generator's options", () => {
  /** What a program without types may pass. */
  const untyped = <T>(value: unknown): T => value as T;
  const requests = [{ ids: [5, 6, 7] }, { ids: [9] }];

  it("may have a chooser: a constraint, or a sampler with one of Attune's behind it", async () => {
    const generator = createGenerator(runtime, model, { batch: 1 });
    const options = { maxNewTokens: 6, stopIds: [] };
    const even = await generator.generate(requests, {
      ...options,
      chooser: (row) => {
        const choose = createTokenChooser(parseSampling({ temperature: 1, seed: 3 }), row);
        return (logits, seen) =>
          choose(
            Array.from(logits, (logit, id) => (id % 2 === 0 ? logit : -Infinity)),
            seen,
          );
      },
    });
    for (const { ids } of even) expect(ids.filter((id) => id % 2 !== 0)).toEqual([]);
    const sampling = { temperature: 1, seed: 3 };
    const chooser = (row: number) => createTokenChooser(parseSampling(sampling), row);
    expect(await generator.generate(requests, { ...options, chooser })).toEqual(
      await generator.generate(requests, { ...options, sampling }),
    );
    const seen: number[][] = [];
    await generator.generate([{ ids: [5, 6] }], {
      ...options,
      maxNewTokens: 2,
      chooser: () => (_, ids) => {
        seen.push([...ids]);
        return 7;
      },
    });
    expect(seen).toEqual([
      [5, 6],
      [5, 6, 7],
    ]);
    for (const id of [-1, 0.5, model.config.vocabularySize]) {
      await expect(generator.generate(requests, { ...options, chooser: () => () => id })).rejects.toMatchObject({
        code: "INPUT_INVALID",
        message: `Expected the chooser of row 0 to give an id from 0 to ${model.config.vocabularySize - 1}, but received ${id}.`,
      });
    }
    await expect(generator.generate(requests, { ...options, sampling, chooser })).rejects.toMatchObject({
      code: "OPTIONS_INVALID",
    });
    generator.dispose();
  });

  it("are refused where they are not known, instead of decoding greedily", async () => {
    const generator = createGenerator(runtime, model);
    const wrong: [unknown, string][] = [
      [{ maxNewTokens: 2, temperature: 0.8 }, 'The key "temperature" is none of the options of generate'],
      [{ maxNewTokens: 2, sampling: { temprature: 1 } }, 'The key "temprature" is none of the options of sampling'],
      [undefined, "Expected the options of generate to be an object, but received nothing."],
    ];
    for (const [options, sentence] of wrong) {
      await expect(generator.generate(requests, untyped(options))).rejects.toThrow(sentence);
    }
    await expect(generator.beamSearch([5], untyped({ beams: 2, maxNewTokens: 2, numBeams: 3 }))).rejects.toThrow(
      'The key "numBeams" is none of the options of beamSearch',
    );
    await expect(generator.beamSearch([5], { beams: 2, count: 3, maxNewTokens: 2 })).rejects.toThrow(
      "Expected count to be an integer from 1 to 2, got 3.",
    );
    await expect(generator.generate(untyped({ ids: [5] }), { maxNewTokens: 2 })).rejects.toThrow(
      'Expected a list of requests, but received {"ids":[5]}.',
    );
    expect(() => createGenerator(runtime, model, untyped({ batchSize: 2 }))).toThrow('"batchSize"');
    generator.dispose();
  });

  it("are of no use once it was disposed, and it takes no memory again", async () => {
    const generator = createGenerator(runtime, model);
    await generator.generate(requests, { maxNewTokens: 2 });
    generator.dispose();
    const { state } = runtime.memory();
    await expect(generator.generate(requests, { maxNewTokens: 2 })).rejects.toThrow("This generator was disposed.");
    expect(runtime.memory().state).toBe(state);
    const scorer = createScorer(runtime, model);
    scorer.dispose();
    await expect(scorer.score([{ promptIds: [5], completionIds: [6] }])).rejects.toThrow("This scorer was disposed.");
  });
});
