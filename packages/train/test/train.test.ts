import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createExampleSource, fileJournal, memoryJournal, trainedCount, trainedTokenBound } from "../src/index.ts";
import { distance, tinyExamples, tinyRun } from "./tiny-run.ts";

describe("a run", () => {
  it("lowers the loss, the same way with one thread and with three", async () => {
    const one = await tinyRun({ steps: 30, threads: 1 });
    const three = await tinyRun({ steps: 30, threads: 3 });
    expect(one.metrics.at(-1)!["loss"]).toBeLessThan(one.metrics[0]!["loss"]! - 0.7);
    expect(three.parameters).toEqual(one.parameters);
    expect(three.metrics.map(({ loss }) => loss)).toEqual(one.metrics.map(({ loss }) => loss));
  });

  it("with accumulated micro-batches gives the gradient of the whole batch, also with unequal token counts", async () => {
    const examples = tinyExamples(24, 3);
    const shared = { examples, packing: false, shuffle: false, steps: 3, blockLength: 24 };
    const whole = await tinyRun({ ...shared, rows: 8 });
    for (const rows of [1, 2, 4]) {
      const parts = await tinyRun({ ...shared, rows, accumulation: 8 / rows });
      expect(distance(parts.parameters, whole.parameters)).toBeLessThan(2e-5);
      parts.metrics.forEach(({ loss, gradientNorm }, step) => {
        expect(loss).toBeCloseTo(whole.metrics[step]!["loss"]!, 5);
        expect(gradientNorm).toBeCloseTo(whole.metrics[step]!["gradientNorm"]!, 4);
      });
    }
  });

  it("packed equals padded: documents of a row do not see each other", async () => {
    const examples = tinyExamples(8).slice(0, 8);
    const padded = await tinyRun({ examples, packing: false, shuffle: false, rows: 8, steps: 1 });
    const total = examples.reduce((sum, { ids }) => sum + ids.length, 0);
    const packed = await tinyRun({ examples, shuffle: false, rows: 8, blockLength: Math.ceil(total / 2), steps: 1 });
    expect(packed.metrics[0]!["tokens"]).toBe(padded.metrics[0]!["tokens"]);
    expect(packed.metrics[0]!["loss"]).toBeCloseTo(padded.metrics[0]!["loss"]!, 5);
    expect(packed.metrics[0]!["gradientNorm"]).toBeCloseTo(padded.metrics[0]!["gradientNorm"]!, 5);
  });

  it("recomputed equals stored, and a head on labelled rows alone equals one on all", async () => {
    const examples = tinyExamples(20, 6);
    const plain = await tinyRun({ examples, steps: 4 });
    const recomputed = await tinyRun({ examples, steps: 4, recompute: true });
    expect(distance(recomputed.parameters, plain.parameters)).toBeLessThan(1e-6);
    const headRows = trainedTokenBound(examples, { rows: 2, blockLength: 32 });
    const sparse = await tinyRun({ examples, steps: 4, headRows });
    expect(headRows).toBeLessThan(64);
    expect(distance(sparse.parameters, plain.parameters)).toBeLessThan(2e-5);
  });

  it("counts prompts as a term of their own: with as much weight as makes all tokens alike, it is the plain loss", async () => {
    const masked = tinyExamples(8, 6);
    const shared = { shuffle: false, rows: 8, steps: 1 };
    const whole = await tinyRun({ ...shared, examples: tinyExamples(8) });
    const task = await tinyRun({ ...shared, examples: masked });
    const trained = masked.reduce((sum, example) => sum + trainedCount(example), 0);
    const all = masked.reduce((sum, { ids }) => sum + ids.length - 1, 0);
    const prompt = (all - trained) / trained;
    for (const headRows of [
      undefined,
      trainedTokenBound(masked, { rows: 8, blockLength: 32, terms: ["loss", "prompt"] }),
    ]) {
      const both = await tinyRun({ ...shared, examples: masked, terms: { prompt }, headRows });
      const [plain, own, weighted] = [whole.metrics[0]!, task.metrics[0]!, both.metrics[0]!];
      expect(weighted["loss"]).toBeCloseTo(own["loss"]!, 5);
      expect((weighted["loss"]! + prompt * weighted["prompt"]!) * trained).toBeCloseTo(plain["loss"]! * all, 3);
      expect(weighted["gradientNorm"]).toBeCloseTo((plain["gradientNorm"]! * all) / trained, 4);
      expect(plain["prompt"]).toBeUndefined();
    }
  });

  it("counts replay as a term of its own, so that its many tokens do not drown the few of the task", async () => {
    const examples = tinyExamples(6, 30);
    const replay = { examples: tinyExamples(6, 0, 8), share: 0.5 };
    const shared = { examples, shuffle: false, rows: 8, steps: 1 };
    const alone = await tinyRun(shared);
    const mixed = await tinyRun({ ...shared, replay });
    const apart = await tinyRun({ ...shared, replay, terms: { replay: 0.25 } });
    expect(apart.metrics[0]!["loss"]).toBeCloseTo(alone.metrics[0]!["loss"]!, 5);
    const own = examples.reduce((sum, example) => sum + trainedCount(example), 0);
    const other = replay.examples.reduce((sum, example) => sum + trainedCount(example), 0);
    const { loss, replay: replayed } = apart.metrics[0]! as { loss: number; replay: number };
    expect((loss * own + replayed * other) / (own + other)).toBeCloseTo(mixed.metrics[0]!["loss"]!, 5);
    const steps = await tinyRun({ ...shared, rows: 1, blockLength: 24, steps: 12, replay, terms: { replay: 0.25 } });
    const without = steps.metrics.filter((step) => step["loss"] === undefined || step["replay"] === undefined);
    expect(without.length).toBeGreaterThan(0);
    for (const step of steps.metrics)
      expect([step["applied"], Number.isFinite(step["gradientNorm"])]).toEqual([1, true]);
  });

  it("takes no step on a batch without a trained token, and says a loss of 0", async () => {
    // A document of one block and one token: the last batch of each epoch holds a token that predicts nothing.
    const ids = Int32Array.from({ length: 33 }, (_, index) => 3 + index);
    const examples = [{ id: "long", ids, labels: ids }];
    const shared = { examples, packing: false, shuffle: false, rows: 1 };
    const first = await tinyRun({ ...shared, steps: 1 });
    const both = await tinyRun({ ...shared, steps: 2 });
    expect(both.metrics[1]).toMatchObject({ loss: 0, gradientNorm: 0, applied: 0, tokens: 1 });
    expect(both.result).toMatchObject({ skippedSteps: 1, position: { step: 2, appliedSteps: 1, trainedTokens: 31 } });
    expect(both.parameters).toEqual(first.parameters);
  });

  it("ends early once the validation loss no longer falls, and keeps the best parameters", async () => {
    const held = tinyExamples(6, 0, 77);
    const evaluation = {
      every: 2,
      async *batches() {
        const source = createExampleSource({
          examples: held,
          rows: 2,
          blockLength: 32,
          padId: 0,
          seed: 0,
          shuffle: false,
        });
        for (let index = 0; index < source.batchesPerEpoch!; index++) yield await source.next();
      },
    };
    const { result, parameters, metrics } = await tinyRun({
      examples: tinyExamples(3),
      steps: 400,
      learningRate: 0.05,
      more: { evaluation, patience: 3 },
    });
    expect(result.stoppedEarly).toBe(true);
    expect(metrics.length).toBeLessThan(400);
    const losses = metrics.flatMap((row) => row["validation.loss"] ?? []);
    expect(result.position.best!.loss).toBe(Math.min(...losses));
    expect(distance(result.best!, parameters)).toBeGreaterThan(0);
  });
});

describe("checkpoints", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "attune-train-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const files = (resume: boolean, name = "run") =>
    fileJournal({ metrics: join(folder, `${name}.jsonl`), checkpoint: join(folder, name), every: 2, resume });
  const withoutTime = (name: string): unknown[] =>
    readFileSync(join(folder, `${name}.jsonl`), "utf8")
      .trim()
      .split("\n")
      .map((line) => ({ ...JSON.parse(line), seconds: 0, tokensPerSecond: 0 }));

  it("an aborted run goes on to the bytes of one that was not, metrics cut back to the checkpoint", async () => {
    const identity = { data: "a" };
    const whole = await tinyRun({ steps: 9, more: { journal: files(false, "whole"), identity } });
    for (const stopAt of [1, 4]) {
      rmSync(join(folder, "run"), { recursive: true, force: true });
      rmSync(join(folder, "run.jsonl"), { force: true });
      const controller = new AbortController();
      const stop = {
        signal: controller.signal,
        onProgress: ({ done }: { done: number }) => done === stopAt && controller.abort(),
      };
      await expect(tinyRun({ steps: 9, more: { journal: files(false), identity, ...stop } })).rejects.toMatchObject({
        code: "ABORTED",
      });
      const resumed = await tinyRun({ steps: 9, more: { journal: files(true), identity } });
      expect(resumed.parameters).toEqual(whole.parameters);
      expect(withoutTime("run")).toEqual(withoutTime("whole"));
      for (const name of ["state.safetensors", "position.json"]) {
        expect(readFileSync(join(folder, "run", name)).equals(readFileSync(join(folder, "whole", name)))).toBe(true);
      }
    }
  });

  it("in memory, an aborted run goes on to the parameters and metrics of one that was not, and another run is refused", async () => {
    const timeless = (lines: readonly object[]) => lines.map((line) => ({ ...line, seconds: 0, tokensPerSecond: 0 }));
    const identity = { data: "a" };
    const whole = memoryJournal();
    const reference = await tinyRun({ steps: 9, more: { journal: whole, identity } });
    for (const every of [1, 3]) {
      const journal = memoryJournal({ every });
      const controller = new AbortController();
      const lost = tinyRun({
        steps: 9,
        more: {
          journal,
          identity,
          onProgress: ({ done }) => done === 5 && controller.abort(),
          signal: controller.signal,
        },
      });
      await expect(lost).rejects.toMatchObject({ code: "ABORTED" });
      expect(journal.savedStep()).toBe(5);
      await expect(tinyRun({ steps: 9, more: { journal, identity: { data: "b" } } })).rejects.toThrow(/data differ/);
      const resumed = await tinyRun({ steps: 9, more: { journal, identity } });
      expect(resumed.parameters).toEqual(reference.parameters);
      expect(timeless(journal.metrics)).toEqual(timeless(whole.metrics));
    }
  });

  it("in memory, a run whose device fails between two checkpoints goes on from the last one to the same numbers", async () => {
    const whole = await tinyRun({ steps: 7 });
    const journal = memoryJournal({ every: 2 });
    const fail = (step: number): Promise<void> =>
      step === 5 ? Promise.reject(new Error("the device is gone")) : Promise.resolve();
    await expect(tinyRun({ steps: 7, more: { journal, beforeUpdate: fail } })).rejects.toThrow(/device is gone/);
    expect([journal.savedStep(), journal.metrics.length]).toEqual([4, 5]);
    const resumed = await tinyRun({ steps: 7, more: { journal } });
    expect(resumed.parameters).toEqual(whole.parameters);
    expect(journal.metrics.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it("a run whose thread dies in a step says so and goes on from its last checkpoint to the bytes of one that did not", async () => {
    const whole = await tinyRun({ steps: 7, threads: 2, more: { journal: files(false, "whole") } });
    const workers: Worker[] = [];
    const collect = (worker: Worker): number => workers.push(worker);
    process.on("worker", collect);
    const die = async (step: number): Promise<void> => {
      if (step === 5) void workers.at(-1)!.terminate();
    };
    try {
      await expect(
        tinyRun({ steps: 7, threads: 2, more: { journal: files(false), beforeUpdate: die } }),
      ).rejects.toMatchObject({
        code: "DEVICE_UNAVAILABLE",
        message: expect.stringMatching(/^Thread 1 of the CPU backend died: it exited with code \d\.$/),
      });
    } finally {
      process.off("worker", collect);
    }
    expect(workers).toHaveLength(2);
    const resumed = await tinyRun({ steps: 7, threads: 2, more: { journal: files(true) } });
    expect(resumed.parameters).toEqual(whole.parameters);
    expect(withoutTime("run")).toEqual(withoutTime("whole"));
  });

  it("refuses a checkpoint of another run by name, and to start over an existing one", async () => {
    await tinyRun({ steps: 2, more: { journal: files(false), identity: { data: "a", template: "x" } } });
    await expect(
      tinyRun({ steps: 2, more: { journal: files(true), identity: { data: "b", template: "x" } } }),
    ).rejects.toThrow(/data differ/);
    await expect(tinyRun({ steps: 2, more: { journal: files(false) } })).rejects.toMatchObject({ code: "FILE_EXISTS" });
  });
});
