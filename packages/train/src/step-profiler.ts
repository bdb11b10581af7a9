// Some steps after the first are run with a clock behind every dispatch. They compute what they compute without it.
import { AttuneError } from "@attune/spec";
import type { HostValues, ProfiledRun, Program } from "@attune/tensor-core";
import { type StepProfile, stepProfile, type TimedStep } from "./step-profile.ts";

/** Which steps are profiled, and who is told. */
export interface ProfilingOptions {
  /** Steps before, in which the engine warms up (default 2; fewer where the run has no more than that). */
  readonly after?: number | undefined;
  /** Steps that are profiled (default 5; fewer where the run ends before). */
  readonly steps?: number | undefined;
  /** Told once, after the last of them; not at all where none is taken. The run goes on when it is done. */
  readonly onProfile: (profile: StepProfile) => void | Promise<void>;
}

/** Runs the programs of steps. */
export interface StepProfiler {
  /**
   * Chooses the steps to profile out of those that are left.
   *
   * @throws AttuneError `DEVICE_UNAVAILABLE` where it should profile and the program's device has no clock
   */
  start(program: Pick<Program, "canProfile" | "plan">, stepsLeft: number): void;
  run(
    program: Program,
    inputs: Readonly<Record<string, ArrayLike<number>>>,
    isUpdate?: boolean,
  ): Promise<Record<string, HostValues>>;
  /** Closes a step, whose number counts from 1. */
  endStep(step: number, seconds: number): Promise<void>;
  /** Tells of the steps there are, where the run ended before the last of them. */
  finish(): Promise<void>;
}

/** A profiler; without options, programs just run. */
export function createStepProfiler(options: ProfilingOptions | undefined): StepProfiler {
  const { after = 2, steps = 5 } = options ?? {};
  let first = after;
  const timed: TimedStep[] = [];
  let runs: { isUpdate: boolean; run: ProfiledRun }[] = [];
  let ended = 0;
  let told = options === undefined;
  const tell = async (): Promise<void> => {
    if (told || timed.length === 0) return;
    told = true;
    await options!.onProfile(stepProfile(timed));
  };
  return {
    start({ canProfile, plan }, stepsLeft) {
      if (options !== undefined && !canProfile) throw noClock(plan.backend);
      first = Math.min(after, stepsLeft - 1);
    },
    async run(program, inputs, isUpdate = false) {
      if (told || ended < first) return program.run(inputs);
      const run = await program.profile(inputs);
      runs.push({ isUpdate, run });
      return run.outputs;
    },
    async endStep(step, seconds) {
      ended++;
      if (runs.length > 0) timed.push({ step, seconds, runs });
      runs = [];
      if (timed.length === steps) await tell();
    },
    finish: tell,
  };
}

function noClock(backend: string): AttuneError {
  return new AttuneError(
    "DEVICE_UNAVAILABLE",
    `Steps cannot be profiled: "${backend}" cannot say how long a dispatch takes.`,
    {
      hint: "Train without a profile, or on the CPU, which can always tell. A GPU needs the feature timestamp-query for that.",
    },
  );
}
