import type { Browser, Page } from "playwright-core";

/** Milliseconds: SwiftShader computes on the CPU, which others may use as well. */
export const patience = 400_000;

/** Opens the page and notes what it requests and how long tasks of its main thread take. */
export async function openPage(
  browser: Browser,
  url: string,
  viewport = { width: 1280, height: 900 },
): Promise<{ page: Page; requests: string[] }> {
  const page = await browser.newPage({ locale: "en-US", viewport });
  page.setDefaultTimeout(patience);
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  await page.addInitScript(() => {
    const tasks: number[] = [];
    Object.assign(window, { tasks });
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
      type: "longtask",
      buffered: true,
    });
  });
  await page.goto(url);
  return { page, requests };
}

/** The longest task of the main thread. Browsers do not report those below 50 ms. */
export async function longestTask(page: Page): Promise<string> {
  const tasks = await page.evaluate(() => (window as unknown as { tasks: number[] }).tasks);
  return tasks.length === 0 ? "below 50 ms" : `${Math.max(...tasks)} ms (${tasks.length} above 50 ms)`;
}

/** Looks by the clock: a browser whose GPU process is busy may draw no frame for long, and frames are what pages are looked at by else. */
export const byTheClock = { polling: 10 } as const;

/** Waits until the page does something. */
export async function until(page: Page, activity: string): Promise<void> {
  await page.waitForFunction((wanted) => document.body.dataset["activity"] === wanted, activity, byTheClock);
}
