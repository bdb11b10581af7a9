import { describe, expect, it } from "vitest";
import type { Measured } from "../src/interleave.ts";
import { renderPage } from "../src/page.ts";
import { describeMachine, leftOut, machineId, toResult } from "../src/result.ts";
import type { Row } from "../src/row.ts";

const row: Row = {
  id: "products",
  title: "Products <of> f32",
  unit: "GFLOPS",
  minutes: 1,
  rate: ({ seconds }, request) => (request as { gflop: number }).gflop / seconds,
  run: () => Promise.reject(new Error("not run here")),
};
const spread = (value: number) => ({ median: value, low: value, high: value });
const result = (subject: string, seconds: number, fasterBy: number) => ({
  subject,
  samples: [{ seconds, loss: 2.5 }],
  seconds: spread(seconds),
  firstIsFasterBy: spread(fasterBy),
});
const measured: Measured = {
  cases: [
    {
      name: "1024 cubed",
      request: { gflop: 2 },
      results: [result("Attune", 0.01, 1), result("Attune again (control)", 0.0108, 1.08), result("PyTorch", 0.02, 2)],
    },
  ],
  subjects: [
    { name: "Attune", ready: { node: "24.0.0", features: ["simd256", "fma"], startSeconds: 1.25 }, peakBytes: 2 ** 30 },
    { name: "PyTorch", ready: { torch: "2.13.0+cpu" }, peakBytes: null },
  ],
  skipped: [{ subject: "jax-js", reason: "npm install failed" }],
};
const context = { short: false, load: [0.1, 0.2] as const };

describe("a result", () => {
  it("has rates in the row's unit, losses, and what it was measured with", () => {
    const { cases, machine, revision, skipped } = toResult(row, measured, context);
    expect(cases[0]!.results.map(({ subject, rate }) => [subject, Math.round(rate.median)])).toEqual([
      ["Attune", 200],
      ["Attune again (control)", 185],
      ["PyTorch", 100],
    ]);
    expect(cases[0]!.results[0]!.losses).toEqual([2.5]);
    expect(machine).toEqual(describeMachine());
    expect(revision ?? "0123456789ab").toMatch(/^[0-9a-f]{12}(-dirty)?$/);
    expect(skipped).toEqual(measured.skipped);
  });

  it("of two generations of one name goes to two files", () => {
    const machine = { ...describeMachine(), cpu: "AMD EPYC" };
    const id = (generation: string): string => machineId({ ...machine, generation });
    expect(id("AuthenticAMD 25 17 1")).not.toBe(id("AuthenticAMD 26 2 1"));
  });
});

describe("the page", () => {
  const page = renderPage([
    toResult(row, measured, context),
    leftOut({ ...row, id: "other" }, "python3 -m failed: ENOENT", context),
  ]);

  it("says what was measured, by which versions, and what was left out, and why", () => {
    for (const part of [
      "Products &lt;of&gt; f32",
      "<b>200</b>",
      "1024 MiB",
      "Attune: node 24.0.0, features simd256 fma, start 1.25 s",
      "PyTorch: torch 2.13.0+cpu",
      "jax-js: npm install failed",
      "the whole row: python3 -m failed: ENOENT",
    ]) {
      expect(page).toContain(part);
    }
    expect(page).not.toMatch(/NaN|undefined|null/);
  });

  it("marks a control that is off", () => {
    expect(page).toContain('<tr class="off"><td>Attune again (control)');
    expect(page.match(/<tr class="off">/g)).toHaveLength(1);
  });
});
