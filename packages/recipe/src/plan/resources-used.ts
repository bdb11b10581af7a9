// What a run used, to be held against its prediction. A process knows only its own peak, so that of a run in several processes is
// the largest of theirs; what an earlier one wrote is kept.
import { resourceUsage } from "node:process";
import { readJson } from "@attune/run-folder";
import { toAttuneError } from "@attune/spec";
import type { RunPlan } from "../session/run-plan.ts";
import type { StageRecord } from "../session/run-session.ts";

/** What an earlier process of the run wrote into `plan.json`; null for a first one. */
export async function readResourcesUsed(file: string): Promise<RunPlan["used"]> {
  try {
    return ((await readJson(file)) as unknown as RunPlan).used;
  } catch (error) {
    if (toAttuneError(error).code === "FILE_NOT_FOUND") return null;
    throw error;
  }
}

/** The peak of this process or an earlier one, and the time of all stages; a process that computed nothing changes neither. */
export function measureResourcesUsed(
  stages: readonly StageRecord[],
  before: RunPlan["used"],
): NonNullable<RunPlan["used"]> {
  if (before !== null && stages.every(({ cached }) => cached)) return before;
  return {
    peakBytes: Math.max(resourceUsage().maxRSS * 1024, before?.peakBytes ?? 0),
    seconds: stages.reduce((sum, { name, seconds }) => (name === "plan" ? sum : sum + seconds), 0),
  };
}
