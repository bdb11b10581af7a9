import { createCpuBackend } from "@attune/backend-cpu";
import { adamw, createSchedule, type Optimizer, sgd } from "@attune/optim";
import { AttuneError } from "@attune/spec";
import {
  createRuntime,
  less,
  linear,
  mul,
  reshape,
  slice,
  square,
  sub,
  sum,
  tensorType,
  where,
} from "@attune/tensor-core";
import { describe, expect, it } from "vitest";
import {
  type Batch,
  type BatchSource,
  causalLanguageModeling,
  createExampleSource,
  createTrainableStore,
  fileJournal,
  type Objective,
  type TrainOptions,
  train,
} from "../src/index.ts";

/** What a program without types may pass. */
const untyped = <T>(value: unknown): T => value as T;

/** y = 2 · first + 3 · second, four rows a batch. */
function batches(): BatchSource {
  let at = 0;
  return {
    async next() {
      const x = Float32Array.from({ length: 8 }, (_, index) => Math.sin(at * 8 + index));
      const y = Float32Array.from({ length: 4 }, (_, row) => 2 * x[2 * row]! + 3 * x[2 * row + 1]!);
      at++;
      return { inputs: { x, y }, tokens: 4, trainedTokens: 4 };
    },
    state: () => at,
    restore(state) {
      at = state as number;
    },
  };
}

/** Fits a line with an objective of its own; options may replace everything. */
async function fitLine(
  more: Partial<TrainOptions> = {},
  change: (objective: Objective) => Partial<Objective> = () => ({}),
): Promise<{ w: number[]; applied: number }> {
  const runtime = createRuntime({ backend: createCpuBackend({ threads: 1 }) });
  try {
    const optimizer = more.optimizer ?? sgd();
    const store = await createTrainableStore(
      runtime,
      [{ name: "w", shape: [1, 2], initial: () => new Float32Array(2) }],
      optimizer,
    );
    const objective: Objective = {
      kind: "objective",
      specificationVersion: 1,
      id: "line",
      schema: { x: tensorType([4, 2]), y: tensorType([4]) },
      terms: ({ trace, inputs: { x, y } }) => {
        const error = sub(reshape(linear(x!, store.tensors(trace)["w"]!), [4]), y!);
        return [{ name: "loss", sum: sum(square(error)), weight: 1 }];
      },
      denominators: (given) => ({ loss: given.reduce((rows, batch) => rows + batch.trainedTokens, 0) }),
    };
    const result = await train({
      runtime,
      store,
      objective: { ...objective, ...change(objective) },
      source: batches(),
      optimizer,
      schedule: () => 0.3,
      steps: 60,
      seed: 1,
      ...more,
    });
    return { w: [...(await store.read()).get("w")!], applied: result.position.appliedSteps };
  } finally {
    await runtime.dispose();
  }
}

async function refused(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error: unknown = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!AttuneError.is(error)) throw new Error(`expected an AttuneError, got ${String(error)}`);
  return { code: error.code, message: error.message };
}

describe("train", () => {
  it("minimises an objective of one's own over a source of one's own", async () => {
    const { w, applied } = await fitLine();
    expect(applied).toBe(60);
    expect(w[0]).toBeCloseTo(2, 3);
    expect(w[1]).toBeCloseTo(3, 3);
  });

  it("takes an optimizer with numbers of its own: as many as it likes, the last of them 1", async () => {
    // Signs of the gradient, a fifth of the rate each: what Lion does without momentum.
    const signs: Optimizer = {
      kind: "optimizer",
      specificationVersion: 1,
      id: "signs",
      slots: [],
      options: {},
      hyperparameters: (learningRate) => [learningRate, 1],
      update({ parameters, gradient, hyperparameters, apply }) {
        const [rate, scale] = [0, 1].map((start) =>
          reshape(slice(hyperparameters, { axis: 1, start, length: 1 }), [1]),
        );
        const scaled = mul(gradient, scale!);
        const step = where(square(scaled), mul(where(less(scaled, 0), -1, 1), rate!), 0);
        return { parameters: where(apply, sub(parameters, step), parameters), slots: [] };
      },
    };
    const { w } = await fitLine({ optimizer: signs, schedule: (step) => 0.2 * 0.95 ** step, steps: 120, clipNorm: 1 });
    expect(w[0]).toBeCloseTo(2, 1);
    expect(w[1]).toBeCloseTo(3, 1);
  });

  it("refuses options before any work", async () => {
    const cases: [Partial<TrainOptions>, string, string][] = [
      [{ steps: -1 }, "OPTIONS_INVALID", "Expected steps of train to be an integer from 0, but received -1."],
      [
        untyped({ steps: undefined }),
        "OPTIONS_INVALID",
        "Expected steps of train to be an integer from 0, but received nothing.",
      ],
      [
        { accumulation: 0 },
        "OPTIONS_INVALID",
        "Expected accumulation of train to be an integer from 1, but received 0.",
      ],
      [{ clipNorm: -1 }, "OPTIONS_INVALID", "Expected clipNorm of train to be a number above 0, but received -1."],
      [
        { seed: 1.5 },
        "OPTIONS_INVALID",
        "Expected seed of train to be an integer from 0 to 4294967295, but received 1.5.",
      ],
      [{ patience: 2 }, "OPTIONS_INVALID", "patience counts evaluations, but train was given no evaluation."],
      [untyped({ clipnorm: 1 }), "CONFIG_UNKNOWN_KEY", 'The key "clipnorm" is none of the options of train'],
    ];
    for (const [options, code, sentence] of cases) {
      const error = await refused(fitLine(options));
      expect(error.code).toBe(code);
      expect(error.message).toContain(sentence);
    }
  });

  it("lets no rate that is none into the parameters", async () => {
    for (const rate of [Number.NaN, -0.1, Number.POSITIVE_INFINITY]) {
      expect(await refused(fitLine({ schedule: (step) => (step < 3 ? 0.3 : rate) }))).toEqual({
        code: "OPTIONS_INVALID",
        message: `Expected the schedule to give a learning rate from 0, but received ${rate} for applied step 3.`,
      });
    }
  });

  it("says what an objective lacks", async () => {
    const cases: [Partial<Objective>, string][] = [
      [{ terms: () => [] }, 'The objective "line" has no terms'],
      [
        { terms: ({ inputs }) => [{ name: "loss", sum: inputs["x"]!, weight: 1 }] },
        'Expected the term "loss" of the objective "line" to be one element, got f32[4, 2].',
      ],
      [{ denominators: () => ({}) }, 'The objective "line" gives no denominator of its term "loss".'],
      [
        { denominators: () => ({ loss: 4, other: 1 }) },
        'The objective "line" gives a denominator of "other", but has no such term.',
      ],
      [{ denominators: () => ({ loss: Number.NaN }) }, 'denominator of the term "loss" of the objective "line"'],
    ];
    for (const [changed, sentence] of cases)
      expect((await refused(fitLine({}, () => changed))).message).toContain(sentence);
  });

  it("names the parameter that an objective leaves out", async () => {
    const { message } = await refused(
      fitLine({}, () => ({ terms: ({ inputs }) => [{ name: "loss", sum: sum(inputs["x"]!), weight: 1 }] })),
    );
    expect(message).toBe(
      'The loss does not depend on State "parameters" at 0, f32[1, 2], whose gradient was asked for.',
    );
  });

  it("says where a source ends or gives something else", async () => {
    const given = (batch: unknown): BatchSource => ({ ...batches(), next: async () => untyped<Batch>(batch) });
    const expected = "Expected the source to give the next micro-batch, but received ";
    expect((await refused(fitLine({ source: given(undefined) }))).message).toBe(`${expected}nothing.`);
    expect((await refused(fitLine({ source: given({ inputs: {}, tokens: 4 }) }))).message).toBe(
      `${expected}a batch whose trainedTokens is nothing.`,
    );
    expect((await refused(fitLine({ source: given({ tokens: 4, trainedTokens: 4 }) }))).message).toBe(
      `${expected}a batch whose inputs is nothing.`,
    );
  });
});

describe("sources, objectives and journals", () => {
  it("refuse options that they do not know", () => {
    const source = { examples: [], rows: 1, blockLength: 4, padId: 0, seed: 1, pack: false };
    expect(() => createExampleSource(source)).toThrow('The key "pack" is none of the options of createExampleSource');
    const objective = untyped<Parameters<typeof causalLanguageModeling>[0]>({ rows: 1, recomputed: true });
    expect(() => causalLanguageModeling(objective)).toThrow('"recomputed" is none of the options of');
    const journal = { metrics: "m.jsonl", checkpoint: "c", every: 1, resume: false, keep: 3 };
    expect(() => fileJournal(journal)).toThrow('The key "keep" is none of the options of fileJournal');
    expect(() => fileJournal({ metrics: "m.jsonl", checkpoint: "c", every: 0, resume: false })).toThrow(
      "Expected every to be an integer of at least 1, got 0.",
    );
  });
});

describe("optimizers and schedules", () => {
  it("refuse options that they do not know", () => {
    expect(() => adamw(untyped({ weightdecay: 0.1 }))).toThrow('The key "weightdecay" is none of the options of adamw');
    expect(() => sgd(untyped({ beta: 0.1 }))).toThrow('The key "beta" is none of the options of sgd');
    expect(() => createSchedule(untyped({ learningRate: 1, totalSteps: 10, warmup: 5 }))).toThrow(
      'The key "warmup" is none of the options of createSchedule',
    );
  });
});
