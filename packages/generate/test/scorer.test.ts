import { join } from "node:path";
import { forwardLogits, type Model, modelScope, type SiteVisitor } from "@attune/models";
import { mul, type Runtime, tensorType } from "@attune/tensor-core";
import { openSafetensors } from "@attune/weights";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lengthBucket, powerOfTwo } from "../src/buckets.ts";
import { largest } from "../src/choose-token.ts";
import { completionScorer, createScorer, type IdRow, logSoftmax } from "../src/index.ts";
import { packRuns, planDocuments } from "../src/score-plan.ts";
import { letterTokenizer } from "./support/letter-tokenizer.ts";
import { fixtures, tinyModel } from "./support/tiny-model.ts";

const { runtime, model } = await tinyModel();

/** Scores one row by the plain forward pass. */
async function plainScore(
  target: { runtime: Runtime; model: Model },
  { promptIds, completionIds }: IdRow,
  visitors: readonly SiteVisitor[] = [],
) {
  const ids = [...Array.from(promptIds), ...Array.from(completionIds)];
  const program = await target.runtime.compile((trace) => {
    const row = tensorType([1, ids.length], "i32");
    trace.output(
      "logits",
      forwardLogits(target.model, modelScope(trace, target.model, visitors), {
        ids: trace.input("ids", row),
        positions: trace.input("positions", row),
      }),
    );
  });
  const { logits } = await program.run({ ids, positions: [...ids.keys()] });
  program.dispose();
  return sumScores(logits as Float32Array, ids, promptIds.length);
}

function sumScores(logits: Float32Array, ids: readonly number[], promptLength: number) {
  const columns = model.config.vocabularySize;
  let logprob = 0;
  let greedy = true;
  for (let position = promptLength; position < ids.length; position++) {
    const row = logits.subarray((position - 1) * columns, position * columns);
    logprob += logSoftmax(Float64Array.from(row))[ids[position]!]!;
    greedy &&= largest(row) === ids[position];
  }
  return { logprob, tokens: ids.length - promptLength, greedy };
}

const expectScores = (
  actual: readonly { logprob: number; tokens: number; greedy: boolean }[],
  expected: typeof actual,
): void => {
  expect(actual.map(({ tokens, greedy }) => ({ tokens, greedy }))).toEqual(
    expected.map(({ tokens, greedy }) => ({ tokens, greedy })),
  );
  for (const [row, { logprob }] of expected.entries())
    expect(actual[row]!.logprob, `row ${row}`).toBeCloseTo(logprob, 4);
};

const rows: IdRow[] = [
  { promptIds: [5, 6, 7], completionIds: [20] },
  { promptIds: [5, 6, 7], completionIds: [21, 22] },
  { promptIds: [9, 3, 50, 51, 52], completionIds: [10, 11, 12, 13] },
  { promptIds: [5, 6, 7], completionIds: [21, 22, 23, 24] },
  { promptIds: [5, 6, 7], completionIds: [30, 31, 32] },
  { promptIds: [80], completionIds: [81, 82, 83, 84, 85, 86, 87] },
  { promptIds: Array.from({ length: 70 }, (_, index) => (index * 7) % 96), completionIds: [1, 2] },
  { promptIds: Array.from({ length: 70 }, (_, index) => (index * 7) % 96), completionIds: [3, 2] },
];

describe("score", () => {
  it("equals the plain forward pass, whatever shares a run", async () => {
    const expected = await Promise.all(rows.map((row) => plainScore({ runtime, model }, row)));
    for (const tokensPerRun of [1, 64, 100, 2048]) {
      const scorer = createScorer(runtime, model, { tokensPerRun });
      expectScores(await scorer.score(rows), expected);
      expectScores(await scorer.score(rows.toReversed()), expected.toReversed());
      scorer.dispose();
    }
  });

  it("says whether greedy decoding would say it", async () => {
    const scorer = createScorer(runtime, model);
    const scores = await scorer.score([
      { promptIds: [1], completionIds: [1, 1, 1] },
      { promptIds: [1], completionIds: [1, 1, 2] },
    ]);
    expect(scores.map(({ greedy }) => greedy)).toEqual([true, false]);
    scorer.dispose();
  });

  it("scores through visitors, which see every token once", async () => {
    const seen: number[] = [];
    const halve: SiteVisitor = ({ name, x }, next) => {
      if (!name.endsWith("v_proj")) return next();
      seen.push(x.shape[1]!);
      return mul(next(), 0.5);
    };
    const scorer = createScorer(runtime, model, { visitors: [halve] });
    const scores = await scorer.score(rows);
    expect(seen).toEqual([96 + 64, 96 + 64]);
    expectScores(scores, await Promise.all(rows.map((row) => plainScore({ runtime, model }, row, [halve]))));
    scorer.dispose();
  });

  it("follows a window, and frequencies that stretch with the length", async () => {
    const windowed = await tinyModel();
    const near = { ...windowed.model, config: { ...windowed.model.config, window: 4 } as never };
    const scorer = createScorer(windowed.runtime, near);
    const expected = await Promise.all(rows.map((row) => plainScore({ runtime: windowed.runtime, model: near }, row)));
    expectScores(await scorer.score(rows), expected);
    expect(expected[4]!.logprob).not.toBeCloseTo((await plainScore({ runtime, model }, rows[4]!)).logprob, 2);

    const folder = join(fixtures, "..", "..", "..", "models", "test", "fixtures", "llama", "rope-dynamic");
    const dynamic = await tinyModel({}, folder);
    const file = await openSafetensors(join(folder, "fixture.safetensors"));
    const stretched: IdRow[] = [];
    const golden = [];
    for (const [name, length] of [
      ["short", 7],
      ["far", 40],
    ] as const) {
      const logits = await file.readFloat32(`${name}.logits`);
      const ids = Array.from(new Int32Array((await file.read(`${name}.input_ids`)).buffer)).slice(0, length);
      for (const cut of [3, length - 2]) {
        stretched.push({ promptIds: ids.slice(0, cut), completionIds: ids.slice(cut) });
        golden.push(sumScores(logits, ids, cut));
      }
    }
    await file.close();
    const stretching = createScorer(dynamic.runtime, dynamic.model);
    expectScores(await stretching.score(stretched), golden);
  });

  it("takes text, tokenised apart, and reports progress", async () => {
    const scorer = createScorer(runtime, model, { tokensPerRun: 64 });
    const events: string[] = [];
    const score = completionScorer(scorer, letterTokenizer());
    const texts = await score(
      [
        { prompt: "Dear", completion: " Sir" },
        { promptIds: [1, 39], completionIds: [4] },
      ],
      {
        onProgress: ({ done, total }) => events.push(`${done} of ${total}`),
      },
    );
    const { ids } = letterTokenizer().encode("Dear Sir");
    expectScores(texts.slice(0, 1), [
      await plainScore({ runtime, model }, { promptIds: [1, ...ids.subarray(0, 4)], completionIds: ids.subarray(4) }),
    ]);
    expect(events).toEqual(["2 of 2"]);
    scorer.dispose();
  });

  it("says which row has a score that is not finite", async () => {
    const broken: SiteVisitor = ({ name }, next) => (name.endsWith("v_proj") ? mul(next(), Number.NaN) : next());
    const scorer = createScorer(runtime, model, { visitors: [broken] });
    await expect(scorer.score([{ promptIds: [1], completionIds: [2] }])).rejects.toMatchObject({
      code: "NUMERICS",
      message: expect.stringContaining("row 0"),
      details: { row: 0 },
    });
    scorer.dispose();
  });

  it("refuses what it cannot score, naming the row", async () => {
    const scorer = createScorer(runtime, model);
    const score = (row: IdRow, options = {}) => scorer.score([rows[0]!, row], options);
    await expect(score({ promptIds: [], completionIds: [1] })).rejects.toThrow("Row 1 has an empty prompt");
    await expect(score({ promptIds: [1], completionIds: [] })).rejects.toThrow("Row 1 has an empty completion");
    await expect(score({ promptIds: [1], completionIds: [-1] })).rejects.toThrow("Row 1 has id -1 at 0");
    const long = { promptIds: new Array(100).fill(1), completionIds: new Array(30).fill(1) };
    await expect(score(long)).rejects.toMatchObject({ code: "CONTEXT_EXCEEDED" });
    await expect(score(long)).rejects.toThrow("Row 1 (100 prompt and 30 completion tokens)");
    expect(await score({ promptIds: new Array(100).fill(1), completionIds: new Array(29).fill(1) })).toHaveLength(2);
    await expect(score(rows[0]!, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
    expect(() => createScorer(runtime, model, { tokensPerRun: 0 })).toThrow("Expected tokensPerRun");
    scorer.dispose();
  });
});

describe("packing", () => {
  it("feeds a shared prompt once, and one-token completions not at all", () => {
    const [document] = planDocuments(rows.slice(0, 2), () => false);
    expect(document).toMatchObject({ ids: [5, 6, 7], branches: [[21]], length: 5 });
    expect(
      planDocuments(
        [0, 1].map((id) => ({ promptIds: [7, 8], completionIds: [id] })),
        () => false,
      ),
    ).toMatchObject([{ ids: [7, 8], branches: [] }]);
    expect(planDocuments(rows, () => true)).toHaveLength(rows.length);
  });

  it("puts every document into one run, within the limit", () => {
    const lengths = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 60 }), fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 3 })),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(lengths, (sizes) => {
        const documents = sizes.map(([tokens, branches], index) => ({
          ids: new Array<number>(tokens).fill(index),
          branches: branches.map((size) => new Array<number>(size).fill(0)),
          targets: [],
          length: tokens,
        }));
        const runs = packRuns(documents, 50, ({ length }) => length === 13);
        expect(new Set(runs.flat())).toEqual(new Set(documents));
        expect(runs.flat()).toHaveLength(documents.length);
        for (const run of runs) {
          if (run.some(({ length }) => length === 13)) expect(run).toHaveLength(1);
          if (run.length > 1) expect(run.reduce((sum, { ids }) => sum + ids.length, 0)).toBeLessThanOrEqual(50);
        }
      }),
    );
  });

  it("rounds lengths up by at most a quarter, counts to powers of two", () => {
    for (let length = 1; length < 3000; length++) {
      const bucket = lengthBucket(length);
      expect(bucket >= length && (bucket <= 64 || bucket < 1.25 * length + 1)).toBe(true);
    }
    expect([1, 64, 65, 81, 113, 129, 200, 2048, 2049].map(lengthBucket)).toEqual([
      64, 64, 80, 96, 128, 160, 224, 2048, 2560,
    ]);
    expect([0, 1, 2, 3, 8, 9].map(powerOfTwo)).toEqual([1, 1, 2, 4, 8, 16]);
  });
});
