import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createSchedule, type ScheduleShape } from "../src/index.ts";

interface Case {
  readonly scheduler: string;
  readonly warmup_steps: number;
  readonly total_steps: number;
  readonly learning_rate: number;
  readonly min_lr_rate?: number;
  readonly rates: readonly number[];
}
const { cases } = JSON.parse(readFileSync(new URL("fixtures/schedules.json", import.meta.url), "utf8")) as {
  cases: Record<string, Case>;
};

describe("schedules", () => {
  it.each(Object.entries(cases))("%s gives the rates of Transformers", (_, golden) => {
    const schedule = createSchedule({
      shape: golden.scheduler.split("_")[0] as ScheduleShape,
      learningRate: golden.learning_rate,
      totalSteps: golden.total_steps,
      warmupSteps: golden.warmup_steps,
      minShare: golden.min_lr_rate,
    });
    golden.rates.slice(0, golden.total_steps + 1).forEach((rate, step) => {
      expect(schedule(step)).toBeCloseTo(rate, 14);
    });
  });

  it("stays at its last rate beyond the end, where Transformers' cosine rises again", () => {
    const schedule = createSchedule({ shape: "cosine", learningRate: 1, totalSteps: 10, minShare: 0.1 });
    expect(schedule(500)).toBeCloseTo(0.1, 15);
  });

  it("names the value that is out of range and the shapes that exist", () => {
    expect(() => createSchedule({ learningRate: -1, totalSteps: 10 })).toThrow(/learningRate/);
    expect(() => createSchedule({ learningRate: 1, totalSteps: 10, warmupSteps: 20 })).toThrow(/warmupSteps/);
    expect(() => createSchedule({ learningRate: 1, totalSteps: 10, shape: "step" as ScheduleShape })).toThrow(/"step"/);
  });
});
