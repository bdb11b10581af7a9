// Profiled steps: the same bytes, rows that add up to the step, and which steps they are.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileJournal, type StepProfile } from "../src/index.ts";
import { tinyExamples, tinyRun } from "./tiny-run.ts";

const sum = (rows: readonly { readonly milliseconds: number }[]): number =>
  rows.reduce((total, { milliseconds }) => total + milliseconds, 0);

/** A run with its profiles. */
async function profiled(options: Parameters<typeof tinyRun>[0] = {}, limits: { after?: number; steps?: number } = {}) {
  const profiles: StepProfile[] = [];
  const profile = { ...limits, onProfile: (made: StepProfile) => void profiles.push(made) };
  const run = await tinyRun({ ...options, more: { ...options.more, profile } });
  return { ...run, profiles };
}

const timeless = (metrics: readonly Record<string, number>[]) =>
  metrics.map((line) => ({ ...line, seconds: 0, tokensPerSecond: 0 }));

describe("a profiled run", () => {
  it.each([1, 3])("on %i threads trains to the same bytes and metrics as one that is not", async (threads) => {
    const shared = { threads, steps: 9, accumulation: 2 };
    const plain = await tinyRun(shared);
    const { parameters, metrics, profiles } = await profiled(shared);
    expect(parameters).toEqual(plain.parameters);
    expect(timeless(metrics)).toEqual(timeless(plain.metrics));
    expect(profiles.map(({ steps }) => steps)).toEqual([[3, 4, 5, 6, 7]]);
  });

  it("accounts for the whole time of its steps: kernels, and what is outside of them", async () => {
    const { metrics, profiles } = await profiled({ steps: 6, accumulation: 2, threads: 2 }, { after: 1, steps: 3 });
    const [{ steps, milliseconds, waiting, kinds, kernels }] = profiles as [StepProfile];
    const seconds = steps.map((step) => metrics[step - 1]!["seconds"]!);
    expect(milliseconds).toBeCloseTo((1000 * seconds.reduce((total, each) => total + each, 0)) / 3, 9);
    expect(sum(kinds)).toBeCloseTo(milliseconds, 9);
    const outside = kinds.find(({ kind }) => kind === "outside kernels")!;
    expect(sum(kernels)).toBeCloseTo(milliseconds - outside.milliseconds, 9);
    // Both clocks are the process's, and the one of the step runs around that of the kernels.
    expect(Math.min(...kinds.map((row) => row.milliseconds))).toBeGreaterThan(0);
    expect(waiting).toBeGreaterThanOrEqual(0);
    expect(waiting).toBeLessThan(milliseconds);
    expect(kinds.map(({ kind }) => kind).sort()).toEqual(
      ["attention", "loss", "norms", "optimizer", "outside kernels", "pointwise", "products", "rows and shapes"].sort(),
    );
    expect([...kinds].sort((left, right) => right.milliseconds - left.milliseconds)).toEqual(kinds);
    // Two layers of seven products each, and the head, forward and twice backward, in each of two micro-batches.
    const products = kinds.find(({ kind }) => kind === "products")!;
    const [tokens, hidden, inner, vocabulary, keyValues] = [64, 32, 48, 48, 16];
    const layer = 2 * hidden * hidden + 2 * hidden * keyValues + 3 * hidden * inner;
    expect(products.flops).toBeCloseTo(2 * 3 * 2 * tokens * (2 * layer + hidden * vocabulary), 3);
  });

  it.each([
    { steps: 4, limits: {}, wanted: [[3, 4]] },
    { steps: 1, limits: {}, wanted: [[1]] },
    { steps: 5, limits: { after: 0, steps: 2 }, wanted: [[1, 2]] },
  ])("of $steps steps with $limits profiles $wanted", async ({ steps, limits, wanted }) => {
    const { profiles } = await profiled({ steps }, limits);
    expect(profiles.map((profile) => profile.steps)).toEqual(wanted);
  });

  it("passes over a step without a trained token, which runs no kernel", async () => {
    const ids = Int32Array.from({ length: 33 }, (_, index) => 3 + index);
    const examples = [{ id: "long", ids, labels: ids }];
    const { profiles } = await profiled({ examples, packing: false, shuffle: false, rows: 1, steps: 4 }, { after: 0 });
    expect(profiles[0]!.steps).toEqual([1, 3]);
  });

  it("is refused before the first step where the device has no clock", async () => {
    const run = profiled({
      change: (backend) => ({
        ...backend,
        compile: async (plan) => {
          const { profile: _, ...executable } = await backend.compile(plan);
          return executable;
        },
      }),
    });
    await expect(run).rejects.toMatchObject({
      code: "DEVICE_UNAVAILABLE",
      hint: expect.stringContaining("timestamp-query"),
    });
  });
});

describe("a profiled run that is resumed", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "attune-profile-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("profiles steps of its own, also where the profiled steps were interrupted, and ends with the same bytes", async () => {
    const files = (resume: boolean) =>
      fileJournal({ metrics: join(folder, "run.jsonl"), checkpoint: join(folder, "run"), every: 2, resume });
    const shared = { steps: 10, examples: tinyExamples(20) };
    const whole = await tinyRun(shared);
    const controller = new AbortController();
    const stop = {
      signal: controller.signal,
      onProgress: ({ done }: { done: number }) => done === 5 && controller.abort(),
    };
    await expect(profiled({ ...shared, more: { journal: files(false), ...stop } })).rejects.toMatchObject({
      code: "ABORTED",
    });
    const resumed = await profiled({ ...shared, more: { journal: files(true) } });
    expect(resumed.parameters).toEqual(whole.parameters);
    expect(resumed.profiles.map(({ steps }) => steps)).toEqual([[8, 9, 10]]);
    const again = await profiled({ ...shared, more: { journal: files(true) } });
    expect(again.profiles).toEqual([]);
  });
});
