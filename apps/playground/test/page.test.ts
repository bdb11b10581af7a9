import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBrowser, skipReason } from "./browser.ts";
import { byTheClock, openPage, patience, until } from "./open-page.ts";
import { type ServedPage, servePage } from "./serve-page.ts";
import { fillForm, tolerance, trainOnCpu } from "./short-run.ts";

describe.skipIf(skipReason !== undefined)(
  `the page in Chromium${skipReason ? ` (skipped: ${skipReason})` : ""}`,
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
      "trains on WebGPU with the losses that the CPU has",
      async () => {
        const browser = await openBrowser({ webgpu: true });
        try {
          const { page } = await openPage(browser, served.url);
          await until(page, "idle");
          await fillForm(page);
          await page.click("#train");
          const losses: number[] = [];
          for (const step of [1, 2]) {
            const facts = (done: number) =>
              document.querySelector("#run-phase")?.textContent?.startsWith(`Step ${done} `) &&
              document.querySelector('[data-name="Loss"]')?.textContent;
            losses.push(Number(await (await page.waitForFunction(facts, step, byTheClock)).jsonValue()));
          }
          const reference = await trainOnCpu();
          losses.forEach((loss, step) => {
            // The page shows three digits after the point.
            expect(Math.abs(loss - reference.losses[step]!), `step ${step + 1}`).toBeLessThan(
              tolerance(step) * loss + 5e-4,
            );
          });
        } finally {
          await browser.close();
        }
      },
      patience,
    );

    it(
      "says what is wrong with rows and settings where they are, has a label on every field, and fits a phone",
      async () => {
        const browser = await openBrowser({ webgpu: true });
        try {
          const { page } = await openPage(browser, served.url, { width: 390, height: 844 });
          await until(page, "idle");
          expect(await page.textContent("#rows-summary")).toBe("48 rows of 2,132 tokens, of which 928 are learnt");
          await page.fill("#rank", "0");
          await page.click("#train");
          await page.waitForSelector("#problem:not([hidden])");
          expect(await page.textContent("#problem-message")).toContain("rank");
          expect(await page.evaluate(() => document.activeElement?.id)).toBe("rank");
          await page.fill("#rank", "4");
          await page.fill("#rows", '{"prompt": "a", "completion": "b"}\n{"prompt": ');
          await page.click("#train");
          const named = () => document.querySelector("#problem-message")?.textContent?.includes("line 2");
          await page.waitForFunction(named, undefined, byTheClock);
          expect(await page.textContent("#problem-hint")).toContain("one object");
          const unlabelled = await page.$$eval("input, textarea, select, progress", (fields) =>
            fields
              .filter((field) => !(field as HTMLInputElement).labels?.length && !field.hasAttribute("aria-label"))
              .map(({ id }) => id),
          );
          expect(unlabelled).toEqual([]);
          expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
        } finally {
          await browser.close();
        }
      },
      patience,
    );

    it(
      "says what to do where there is no adapter, and where there is no WebGPU at all",
      async () => {
        const browser = await openBrowser({ webgpu: false });
        try {
          const { page, requests } = await openPage(browser, served.url);
          await until(page, "failed");
          expect(await page.textContent("#problem-message")).toMatch(/no adapter|no WebGPU/);
          expect(await page.textContent("#problem-hint")).toMatch(/graphics acceleration|Chrome/);
          expect(await page.isDisabled("#train")).toBe(true);
          // A model of eight megabytes is not fetched for nothing.
          expect(requests.filter((url) => url.includes("/model/"))).toEqual([]);
        } finally {
          await browser.close();
        }
      },
      patience,
    );
  },
);
