// A run that is short even where a GPU is only simulated: two rows, one of a step.
import { createCpuBackend } from "@attune/backend-cpu";
import type { Page } from "playwright-core";
import { createTuner } from "../src/tuner/tuner.ts";
import { modelFiles } from "./model-files.ts";

const text = [
  { prompt: "Customer: The lamp is broken.\nDesk:", completion: "Workshop. Bring it on Monday." },
  { prompt: "Customer: I paid twice.\nDesk:", completion: "Billing. We look at it today." },
]
  .map((row) => JSON.stringify(row))
  .join("\n");
/** Settings of the run. */
export const settings = { rank: 4, learningRate: 5e-3, steps: 5, rows: 1, seed: 11 };

/**
 * Loss of a step, relative. Both sides sum in f32 in different orders: terms of at most 768, in four blocks and the head, give
 * logits that differ by some 2^-24 · √768 · 10 ≈ 2e-5 of their size. Each update then moves the parameters whose gradient is of the
 * size of that error by up to the learning rate apart, which changes later losses by a few times as much a step.
 */
export function tolerance(step: number): number {
  return 2e-5 * (1 + 4 * step);
}

/** Fills rows and settings of the run into the page. */
export async function fillForm(page: Page): Promise<void> {
  await page.fill("#rows", text);
  await page.click("summary");
  for (const [id, value] of Object.entries({ ...settings, rows: undefined, rowsPerStep: settings.rows })) {
    if (value !== undefined) await page.fill(`#${id}`, String(value));
  }
}

/** The same run in Node on the CPU. */
export async function trainOnCpu(): Promise<{
  losses: number[];
  adapter: Readonly<Record<string, string | Uint8Array>>;
}> {
  const losses: number[] = [];
  const tuner = createTuner(modelFiles(), {
    openBackend: async () => createCpuBackend({ threads: 1 }),
    onEvent: (event) => event.kind === "step" && losses.push(event.loss),
  });
  await tuner.train(text, settings);
  const adapter = { ...(await tuner.adapter()) };
  await tuner.dispose();
  return { losses, adapter };
}
