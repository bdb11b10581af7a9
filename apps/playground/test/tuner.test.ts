import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCpuBackend } from "@attune/backend-cpu";
import { AttuneError } from "@attune/spec";
import type { Backend } from "@attune/tensor-core";
import { openAdapterFolder } from "@attune/weights";
import { describe, expect, it } from "vitest";
import type { StepProgress, TunerEvent } from "../src/protocol.ts";
import { checkSettings, defaultSettings } from "../src/tuner/settings.ts";
import { createStepClock } from "../src/tuner/step-clock.ts";
import { createTuner } from "../src/tuner/tuner.ts";
import { exampleRows, modelFiles } from "./model-files.ts";

const files = modelFiles();
const settings = { rank: 4, learningRate: 1e-3, steps: 4, rows: 1, seed: 7 };

/** A tuner on the CPU; `wrap` may change its devices. */
function cpuTuner(wrap: (backend: Backend, count: number) => Backend = (backend) => backend) {
  const events: TunerEvent[] = [];
  let count = 0;
  const tuner = createTuner(files, {
    openBackend: async () => wrap(createCpuBackend({ threads: 1 }), count++),
    onEvent: (event) => events.push(event),
  });
  const steps = (): StepProgress[] => events.flatMap((event) => (event.kind === "step" ? [event] : []));
  return { tuner, events, losses: () => steps().map(({ loss }) => loss), steps };
}

/** A backend that is lost at the given run of a program. */
function lostAt(backend: Backend, run: number): Backend {
  let runs = 0;
  return {
    ...backend,
    async compile(plan) {
      const executable = await backend.compile(plan);
      return {
        ...executable,
        async run(...given) {
          if (++runs >= run) throw new AttuneError("DEVICE_UNAVAILABLE", "The GPU was lost: a test took it.");
          return executable.run(...given);
        },
      };
    },
  };
}

describe("a tuner", () => {
  it("lowers the loss, answers before and after, and its adapter is a PEFT folder", async () => {
    const { tuner, losses, steps } = cpuTuner();
    expect(await tuner.open()).toMatchObject({ parameters: 4_196_608 });
    const summary = await tuner.inspect(exampleRows);
    expect([summary.rows, summary.prompts.length]).toEqual([48, 48]);
    expect(await tuner.train(exampleRows, { ...settings, learningRate: 4e-3, steps: 16, rows: 4 })).toEqual({
      step: 16,
      steps: 16,
    });
    expect(losses().at(-1)).toBeLessThan(losses()[0]! - 1.5);
    expect(steps().at(-1)).toMatchObject({ secondsLeft: 0, trainable: 77_824 });
    const request = { prompt: summary.prompts[0]!, maxNewTokens: 6, temperature: 0, seed: 1 };
    const answers = await tuner.generate({ ...request, sides: ["base", "adapted"] });
    expect(answers.adapted).not.toBe(answers.base);
    const adapter = await tuner.adapter();
    const folder = mkdtempSync(join(tmpdir(), "attune-playground-"));
    for (const [name, content] of Object.entries(adapter)) writeFileSync(join(folder, name), content);
    const opened = await openAdapterFolder(folder);
    expect(opened.config).toMatchObject({
      peft_type: "LORA",
      r: 4,
      lora_alpha: 8,
      base_model_name_or_path: "attune:tiny",
    });
    expect(opened.tensors.names).toHaveLength(2 * 7 * 4);
    await opened.close();
    rmSync(folder, { recursive: true });
    await tuner.dispose();
  });

  it("that was stopped, or whose device was lost, goes on to the losses and adapter of one that was not", async () => {
    const whole = cpuTuner();
    await whole.tuner.train(exampleRows, settings);
    const reference = await whole.tuner.adapter();
    await whole.tuner.dispose();

    const stopped = cpuTuner();
    const first = stopped.tuner.train(exampleRows, settings);
    while (stopped.losses().length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    stopped.tuner.stop();
    const { step } = await first;
    expect(step).toBeGreaterThanOrEqual(2);
    expect(await stopped.tuner.resume()).toEqual({ step: 4, steps: 4 });
    expect(stopped.losses()).toEqual(whole.losses());
    expect(await stopped.tuner.adapter()).toEqual(reference);
    await stopped.tuner.dispose();

    // Each step runs two programs, so the first device is lost in the backward pass of step 3.
    const lost = cpuTuner((backend, count) => (count === 0 ? lostAt(backend, 5) : backend));
    expect(await lost.tuner.train(exampleRows, settings)).toEqual({ step: 4, steps: 4 });
    expect(lost.losses()).toEqual(whole.losses());
    expect(await lost.tuner.adapter()).toEqual(reference);
    expect(lost.events).toContainEqual({ kind: "recovered", reason: "The GPU was lost: a test took it.", step: 2 });
    await lost.tuner.dispose();
  });

  it("whose devices are lost again and again gives up with the reason, and can go on later", async () => {
    let healthy = false;
    const { tuner, losses } = cpuTuner((backend) => (healthy ? backend : lostAt(backend, 1)));
    await expect(tuner.train(exampleRows, settings)).rejects.toMatchObject({ code: "DEVICE_UNAVAILABLE" });
    healthy = true;
    expect(await tuner.resume()).toEqual({ step: 4, steps: 4 });
    expect(losses()).toHaveLength(4);
    await tuner.dispose();
  });

  it("refuses what it cannot learn from, naming setting, line or row, and works on", async () => {
    const { tuner } = cpuTuner();
    const wrong: [string, Partial<typeof settings>, string, RegExp][] = [
      ["", {}, "DATA_EMPTY", /no rows/],
      ['{"prompt": "a", "completion": "b"}\n{"prompt": "a"', {}, "FILE_CORRUPT", /line 2 of your rows/],
      ['{"prompt": "a", "completion": "b"}\n{"prompt": 3, "completion": "b"}', {}, "INPUT_INVALID", /line 2/],
      ['{"question": "a"}', {}, "INPUT_INVALID", /question/],
      ['{"messages": [{"role": "user", "content": "hi"}]}', {}, "INPUT_INVALID", /conversation/],
      [JSON.stringify({ prompt: "word ".repeat(2000), completion: "b" }), {}, "CONTEXT_EXCEEDED", /your rows:1/],
      [exampleRows, { rank: 0 }, "OPTIONS_INVALID", /rank/],
      [exampleRows, { learningRate: Number.NaN }, "OPTIONS_INVALID", /learning rate.*nothing/],
    ];
    for (const [text, change, code, message] of wrong) {
      const failed = tuner.train(text, { ...settings, ...change });
      await expect(failed, text.slice(0, 40)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    }
    const long = tuner.train(JSON.stringify({ prompt: "word ".repeat(2000), completion: "b" }), settings);
    await expect(long).rejects.toMatchObject({ hint: expect.stringMatching(/^Shorten the prompt or the completion/) });
    await expect(tuner.adapter()).rejects.toThrow(/no adapter/);
    await expect(tuner.resume()).rejects.toThrow(/no run/);
    expect(await tuner.inspect("One paragraph.\n\nAnother one,\nof two lines.")).toMatchObject({
      rows: 2,
      prompts: [],
    });
    expect(await tuner.inspect('[{"instruction": "Say", "output": "hi"}]')).toMatchObject({
      rows: 1,
      prompts: ["Say"],
    });
    await tuner.dispose();
  });
});

describe("settings", () => {
  it("begin as the recipe for written texts has them", () => {
    const recipe = readFileSync(new URL("../../../recipes/e2e.yaml", import.meta.url), "utf8");
    const numberOf = (key: string): number => Number(new RegExp(`\\b${key}: ([\\d.e-]+)`).exec(recipe)![1]);
    const { rank, rows, learningRate } = checkSettings(defaultSettings);
    expect([rank, rows, learningRate]).toEqual(["rank", "rows", "learningRate"].map(numberOf));
  });

  it("time left is that of the steps before, without the first", () => {
    const clock = createStepClock();
    expect(clock.secondsLeft(30, 9)).toBe(270);
    expect(clock.secondsLeft(1, 8)).toBe(8);
    expect(clock.secondsLeft(3, 7)).toBe(14);
  });
});
