import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCpuBackend } from "@attune/backend-cpu";
import { createGenerator, generateText } from "@attune/generate";
import { attachAdapters, loadAdapter, placeForInference } from "@attune/peft-core";
import methods from "@attune/peft-lora";
import { openAdapterFolder, openSafetensorsBytes } from "@attune/weights";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBase } from "../src/tuner/open-base.ts";
import { openBrowser, skipReason } from "./browser.ts";
import { modelFiles } from "./model-files.ts";
import { byTheClock, longestTask, openPage, patience, until } from "./open-page.ts";
import { type ServedPage, servePage } from "./serve-page.ts";
import { fillForm, settings, tolerance, trainOnCpu } from "./short-run.ts";

const prompt = "Customer: I paid twice.\nDesk:";

describe.skipIf(skipReason !== undefined)(
  `training in Chromium${skipReason ? ` (skipped: ${skipReason})` : ""}`,
  () => {
    let served: ServedPage;
    let folder: string;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "attune-page-"));
      served = await servePage(join(folder, "site"));
    }, patience);
    afterAll(async () => {
      await served?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    it(
      "trains on WebGPU as the CPU does, stops, goes on, survives a lost device, and gives an adapter that Node loads",
      async () => {
        const browser = await openBrowser({ webgpu: true });
        try {
          const { page, requests } = await openPage(browser, served.url);
          await until(page, "idle");
          expect(await page.textContent("#device-text")).toContain("swiftshader");
          await fillForm(page);

          await page.click("#train");
          const inStep2 = () => document.querySelector("#run-phase")?.textContent?.startsWith("Step 2");
          await page.waitForFunction(inStep2, undefined, byTheClock);
          await page.click("#stop");
          await until(page, "idle");
          expect(await page.textContent("#run-phase")).toMatch(/^Stopped after step [23] of 5$/);
          await loseDeviceOnNextStep(page);
          await page.click("#resume");
          const onNewDevice = () => document.querySelector("#status")?.textContent?.includes("new device");
          await page.waitForFunction(onNewDevice, undefined, byTheClock);
          await until(page, "idle");
          expect(await page.textContent("#run-phase")).toBe("Done: 5 steps");
          expect(await page.isHidden("#problem")).toBe(true);

          const losses = (await download(page, "#take-metrics", folder))
            .trim()
            .split("\n")
            .map((line) => (JSON.parse(line) as { loss: number }).loss);
          for (const name of ["take-weights", "take-config"]) await download(page, `#${name}`, folder);
          await page.fill("#prompt", prompt);
          await page.fill("#tokens", "5");
          await page.click("#generate");
          await until(page, "idle");
          const answer = await page.textContent("#answer-adapted");

          const reference = await trainOnCpu();
          expect(losses).toHaveLength(5);
          expect(losses.at(-1)).toBeLessThan(losses[0]! - 1);
          losses.forEach((loss, step) => {
            expect(Math.abs(loss - reference.losses[step]!), `step ${step + 1}`).toBeLessThan(tolerance(step) * loss);
          });
          expect(await largestDifference(folder, reference.adapter)).toBeLessThan(2 * settings.learningRate);
          expect(await answerInNode(folder)).toBe(answer);
          expect(requests.filter((url) => !url.startsWith(served.url) && !url.startsWith("blob:"))).toEqual([]);
          console.info(`longest task of the page's main thread: ${await longestTask(page)}`);
        } finally {
          await browser.close();
        }
      },
      patience,
    );
  },
);

/** The next command that the worker encodes finds its device gone. */
async function loseDeviceOnNextStep(page: Page): Promise<void> {
  await page.workers()[0]!.evaluate(() => {
    const prototype = GPUDevice.prototype;
    const encode = prototype.createCommandEncoder;
    prototype.createCommandEncoder = function (descriptor) {
      prototype.createCommandEncoder = encode;
      const encoder = encode.call(this, descriptor);
      this.destroy();
      return encoder;
    };
  });
}

/** Saves what a button gives under its own name and returns it as text. */
async function download(page: Page, selector: string, into: string): Promise<string> {
  const [file] = await Promise.all([page.waitForEvent("download"), page.click(selector)]);
  const path = join(into, file.suggestedFilename());
  await file.saveAs(path);
  await until(page, "idle");
  return readFileSync(path, "utf8");
}

/** Between the adapter of a folder and one in memory, over all elements. */
async function largestDifference(
  folder: string,
  adapter: Readonly<Record<string, string | Uint8Array>>,
): Promise<number> {
  const ours = await openSafetensorsBytes(adapter["adapter_model.safetensors"] as Uint8Array);
  const theirs = await openAdapterFolder(folder);
  expect(theirs.config).toEqual(JSON.parse(adapter["adapter_config.json"] as string));
  expect(theirs.tensors.names).toEqual(ours.names);
  let largest = 0;
  for (const name of ours.names) {
    const [left, right] = [await ours.readFloat32(name), await theirs.tensors.readFloat32(name)];
    left.forEach((value, index) => {
      largest = Math.max(largest, Math.abs(value - right[index]!));
    });
  }
  await theirs.close();
  return largest;
}

/** What the downloaded adapter answers on the CPU. */
async function answerInNode(folder: string): Promise<string> {
  const { runtime, model, tokenizer } = await openBase(createCpuBackend({ threads: 1 }), modelFiles());
  const loaded = await loadAdapter(runtime, model, folder, { methods });
  const adapters = attachAdapters(model, [loaded]);
  const placed = await placeForInference(runtime, adapters, loaded.values);
  const generator = createGenerator(runtime, model, { batch: 1, visitors: adapters.visitors(placed.placement) });
  const [made] = await generateText(generator, tokenizer, [prompt], { maxNewTokens: 5 });
  await runtime.dispose();
  return made!.text.trimStart();
}
