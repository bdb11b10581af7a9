import type { ProgressEvent } from "@attune/spec";
import { describe, expect, test } from "vitest";
import { createProgress } from "../src/terminal/progress.ts";

/** Shows events at given times and returns what was written. */
function show(
  mode: "auto" | "bar" | "plain" | "none",
  events: readonly (readonly [time: number, event: ProgressEvent])[],
  isTTY = false,
  environment = {},
): string {
  let written = "";
  let time = 0;
  const stream = {
    isTTY,
    columns: 120,
    write: (text: string) => {
      written += text;
      return true;
    },
  };
  const progress = createProgress({ mode, stream: stream as never, environment, now: () => time });
  for (const [at, event] of events) {
    time = at;
    progress.listener(event);
  }
  progress.clear();
  return written;
}

const step = (done: number, metrics = {}): ProgressEvent => ({
  stage: "train",
  done,
  total: 100,
  unit: "steps",
  metrics,
});
const steady = Array.from({ length: 101 }, (_, index) => [index * 1000, step(index)] as const);

describe("progress", () => {
  test("plain: a line every five seconds, with what is left", () => {
    const lines = show("plain", steady).trimEnd().split("\n");
    expect(lines).toHaveLength(20);
    expect(lines[0]).toBe("train  5/100 steps (5%)  ETA 1 min 35 s");
    expect(lines.at(-1)).toBe("train  100/100 steps (100%)");
  });

  test("plain: a line every tenth where steps are fast, none where all is done in a second", () => {
    const inTime = (seconds: number) =>
      show(
        "plain",
        steady.map(([time, event]) => [(time * seconds) / 100, event] as const),
      );
    expect(inTime(20).trimEnd().split("\n")).toHaveLength(10);
    expect(inTime(3).trimEnd().split("\n")).toHaveLength(3);
    expect(inTime(0.9)).toBe("");
  });

  test("a stage that begins anew under its name does not count the time before", () => {
    const again = [20, 40, 60].map((done, index) => [100_000 + index * 10_000, step(done)] as const);
    const lines = show("plain", [...steady, ...again])
      .trimEnd()
      .split("\n");
    expect(lines.slice(-2)).toEqual(["train  40/100 steps (40%)  ETA 30 s", "train  60/100 steps (60%)  ETA 20 s"]);
  });

  test("a resumed run does not count what was done before", () => {
    const events = [50, 51, 52].map((done) => [(done - 50) * 10_000, step(done)] as const);
    expect(show("plain", events).trimEnd().split("\n").at(-1)).toBe("train  52/100 steps (52%)  ETA 8 min 00 s");
  });

  test("bar: redrawn on one line at most ten times a second, removed at the end", () => {
    const fast = Array.from(
      { length: 100 },
      (_, index) => [index * 10, step(index, { loss: 2.5, tokensPerSecond: 4070.4 })] as const,
    );
    const written = show("bar", fast);
    const frames = written.split("\r\u001b[2K").filter(Boolean);
    expect(frames).toHaveLength(10);
    expect(frames[5]).toBe("train [==========          ]  50/100 steps (50%)  loss 2.5000  4,070 tokens/s  ETA 0.50 s");
    expect(written.endsWith("\r\u001b[2K")).toBe(true);
    expect(written).not.toContain("\n");
  });

  test("auto is a bar on a terminal, plain lines in CI and elsewhere; none is silence", () => {
    expect(show("auto", steady, true)).toContain("\r");
    expect(show("auto", steady, true, { CI: "true" })).not.toContain("\r");
    expect(show("auto", steady)).toBe(show("plain", steady));
    expect(show("none", steady, true)).toBe("");
  });
});
