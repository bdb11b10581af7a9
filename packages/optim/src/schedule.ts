// Learning-rate schedules as functions of the step: a linear warm-up from 0, then
//   constant: 1    linear: 1 - p    cosine: m + (1-m)/2 · (1 + cos πp),  p = (step - warmup) / (total - warmup)
// Loshchilov and Hutter, SGDR, arXiv 1608.03983; values as Transformers' get_scheduler.
import { AttuneError, checkOptionKeys, type OptionKeys } from "@attune/spec";
import { checkedRange } from "./checked-range.ts";

/** Shapes of a schedule after its warm-up. */
export type ScheduleShape = "constant" | "linear" | "cosine";

/** Options of a schedule. */
export interface ScheduleOptions {
  /** Default "cosine". */
  readonly shape?: ScheduleShape | undefined;
  /** The rate at its peak. */
  readonly learningRate: number;
  /** Optimizer steps of the whole run; the rate stays at its last value beyond them. */
  readonly totalSteps: number;
  /** Steps that rise linearly from 0. Default 0. */
  readonly warmupSteps?: number | undefined;
  /** Share of the peak that a cosine ends with. Default 0. */
  readonly minShare?: number | undefined;
}

const scheduleKeys: OptionKeys<ScheduleOptions> = {
  shape: true,
  learningRate: true,
  totalSteps: true,
  warmupSteps: true,
  minShare: true,
};

/** The learning rate that optimizer step `step` uses, counted from 0 over applied steps. */
export type Schedule = (step: number) => number;

/**
 * Makes a schedule.
 *
 * @throws AttuneError `OPTIONS_INVALID` for an unknown shape or a value outside its range, `CONFIG_UNKNOWN_KEY` for an option that
 * there is not
 */
export function createSchedule(options: ScheduleOptions): Schedule {
  checkOptionKeys("createSchedule", options, scheduleKeys);
  const { shape = "cosine", warmupSteps = 0, minShare = 0 } = options;
  const learningRate = checkedRange("learningRate", options.learningRate, 0, Number.MAX_VALUE);
  const totalSteps = checkedRange("totalSteps", options.totalSteps, 1, Number.MAX_SAFE_INTEGER);
  checkedRange("warmupSteps", warmupSteps, 0, totalSteps + 1);
  checkedRange("minShare", minShare, 0, 1);
  const after = shapes[shape];
  if (after === undefined) {
    throw new AttuneError("OPTIONS_INVALID", `There is no schedule "${shape}".`, {
      hint: `Use one of ${Object.keys(shapes).join(", ")}.`,
      details: { key: "shape" },
    });
  }
  return (step) => {
    if (step < warmupSteps) return (learningRate * step) / Math.max(1, warmupSteps);
    const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
    return learningRate * after(progress, minShare);
  };
}

const shapes: Readonly<Record<ScheduleShape, (progress: number, minShare: number) => number>> = {
  constant: () => 1,
  linear: (progress) => 1 - progress,
  cosine: (progress, minShare) => minShare + ((1 - minShare) / 2) * (1 + Math.cos(Math.PI * progress)),
};
