// A scaled loss trains as an unscaled one does, to the bit, and a gradient that is not finite costs one step and half the scale.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { halfProducts, type Runtime } from "@attune/tensor-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileJournal } from "../src/index.ts";
import { nextLossScale } from "../src/loss-scale.ts";
import { gradientsRegion } from "../src/trainable-store.ts";
import { tinyRun } from "./tiny-run.ts";

const timeless = (metrics: readonly Record<string, number>[]): object[] =>
  metrics.map(({ seconds: _, tokensPerSecond: __, lossScale: ___, ...rest }) => rest);
const scales = (metrics: readonly Record<string, number>[]): unknown[] => metrics.map(({ lossScale }) => lossScale);

/** Puts an infinity into the gradient of one step. */
const overflowAt =
  (wanted: number) =>
  async (runtime: Runtime, step: number): Promise<void> => {
    if (step === wanted) await runtime.states.write(gradientsRegion, Float32Array.of(Number.POSITIVE_INFINITY), 5);
  };

describe("a run with a scaled loss", () => {
  it.each([undefined, 0.5])(
    "has the bits of one without, whatever the scale (norm clipped to %s)",
    async (clipNorm) => {
      const shared = { steps: 8, accumulation: 2 };
      const plain = await tinyRun({ ...shared, more: { clipNorm } });
      expect(plain.metrics[7]!["lossScale"]).toBeUndefined();
      for (const lossScaling of [true, { initial: 1 }, { initial: 2 ** 20, growthInterval: 3 }]) {
        const scaled = await tinyRun({ ...shared, more: { clipNorm, lossScaling } });
        expect(scaled.parameters).toEqual(plain.parameters);
        expect(timeless(scaled.metrics)).toEqual(timeless(plain.metrics));
      }
    },
  );

  it("leaves out the one step whose gradient is not finite, halves its scale, and goes on", async () => {
    const shared = { steps: 7, inject: overflowAt(3) };
    const plain = await tinyRun(shared);
    const { result, parameters, metrics } = await tinyRun({ ...shared, more: { lossScaling: { initial: 1024 } } });
    expect(metrics.map(({ applied }) => applied)).toEqual([1, 1, 1, 0, 1, 1, 1]);
    expect(scales(metrics)).toEqual([1024, 1024, 1024, 1024, 512, 512, 512]);
    expect(result).toMatchObject({
      skippedSteps: 1,
      position: { appliedSteps: 6, lossScale: { scale: 512, steps: 3 } },
    });
    expect(parameters).toEqual(plain.parameters);
  });

  it("doubles its scale after so many applied steps in a row", async () => {
    const options = { steps: 7, inject: overflowAt(2), more: { lossScaling: { initial: 8, growthInterval: 2 } } };
    const { metrics } = await tinyRun(options);
    expect(scales(metrics)).toEqual([8, 8, 16, 8, 8, 16, 16]);
  });

  it("tells a method that looks at gradients what they were multiplied by", async () => {
    const told: number[] = [];
    const beforeUpdate = async (_: number, lossScale: number): Promise<void> => void told.push(lossScale);
    await tinyRun({ steps: 1, more: { beforeUpdate } });
    await tinyRun({ steps: 1, more: { beforeUpdate, lossScaling: true } });
    expect(told).toEqual([1, 65536]);
  });
});

describe("a device whose products round to f16", () => {
  const features = [halfProducts];

  it("scales the loss without being asked", async () => {
    expect(scales((await tinyRun({ steps: 2, features })).metrics)).toEqual([65536, 65536]);
    const own = await tinyRun({ steps: 1, features, more: { lossScaling: { initial: 4 } } });
    expect(scales(own.metrics)).toEqual([4]);
  });

  it("refuses a loss that is not scaled", async () => {
    await expect(tinyRun({ features, more: { lossScaling: false } })).rejects.toMatchObject({
      code: "OPTIONS_INVALID",
      message: expect.stringContaining("f16"),
    });
  });
});

describe("the scale of a loss", () => {
  it.each([{ initial: 3 }, { initial: 2 ** 25 }, { initial: 0.5 }, { initial: Number.NaN }, { growthInterval: 0 }])(
    "refuses %o",
    async (lossScaling) => {
      await expect(tinyRun({ more: { lossScaling } })).rejects.toMatchObject({ code: "OPTIONS_INVALID" });
    },
  );

  it("does not grow without end", () => {
    expect(nextLossScale({ scale: 2 ** 24, steps: 0 }, true, 1)).toEqual({ scale: 2 ** 24, steps: 0 });
  });
});

describe("checkpoints of a scaled run", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "attune-scale-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const journal = (name: string, resume: boolean) =>
    fileJournal({ metrics: join(folder, `${name}.jsonl`), checkpoint: join(folder, name), every: 2, resume });

  it.each([2, 4, 5])("a run aborted after step %i goes on to the bytes of one that was not", async (stopAt) => {
    const lossScaling = { initial: 64, growthInterval: 3 };
    const shared = { steps: 8, inject: overflowAt(3) };
    const whole = await tinyRun({ ...shared, more: { lossScaling, journal: journal("whole", false) } });
    const controller = new AbortController();
    const lost = tinyRun({
      ...shared,
      more: {
        lossScaling,
        journal: journal("run", false),
        signal: controller.signal,
        onProgress: ({ done }) => done === stopAt && controller.abort(),
      },
    });
    await expect(lost).rejects.toMatchObject({ code: "ABORTED" });
    const resumed = await tinyRun({ ...shared, more: { lossScaling, journal: journal("run", true) } });
    expect(resumed.parameters).toEqual(whole.parameters);
    expect(scales(resumed.metrics)).toEqual(scales(whole.metrics).slice(stopAt));
    for (const name of ["state.safetensors", "position.json"])
      expect(readFileSync(join(folder, "run", name)).equals(readFileSync(join(folder, "whole", name)))).toBe(true);
  });

  it("are not gone on with by a run that does not scale, nor the other way round", async () => {
    for (const lossScaling of [true, undefined]) {
      const name = String(lossScaling);
      await tinyRun({ steps: 1, more: { lossScaling, journal: journal(name, false) } });
      const other = { lossScaling: lossScaling ? undefined : true, journal: journal(name, true) };
      await expect(tinyRun({ steps: 2, more: other })).rejects.toMatchObject({ code: "RUN_MISMATCH" });
    }
  });
});
