import { createSchedule, type Schedule } from "@attune/optim";
import type { TrainingConfig } from "../config/training-config.ts";

/** Optimizer steps of a run. */
export function stepsOf({ steps, epochs, accumulation }: TrainingConfig, batchesPerEpoch: number): number {
  return steps ?? Math.max(1, Math.ceil((batchesPerEpoch * epochs!) / accumulation));
}

/** The learning rate over the steps of a run. */
export function scheduleOf({ schedule, learningRate }: TrainingConfig, totalSteps: number): Schedule {
  const { shape, warmup, minShare } = schedule;
  const warmupSteps = warmup < 1 ? Math.round(warmup * totalSteps) : Math.min(Math.round(warmup), totalSteps);
  return createSchedule({ shape, learningRate, totalSteps, warmupSteps, minShare });
}
