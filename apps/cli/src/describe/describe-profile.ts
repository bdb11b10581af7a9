// --profile: which kernels a training step spends its time in, as a table behind the result of a verb.
import { relative } from "node:path";
import type { RunOptions } from "@attune/recipe";
import { runFolderLayout } from "@attune/run-folder";
import { formatQuantity, type JsonValue } from "@attune/spec";
import { renderTable } from "../terminal/table.ts";
import type { VerbResult } from "../verb.ts";

type StepProfile = Parameters<NonNullable<RunOptions["onProfile"]>>[0];

/** Hears of a run's profile, and says so behind its result. */
export interface ProfileListener {
  /** For the run; undefined where no profile is wanted. */
  readonly onProfile: RunOptions["onProfile"];
  addTo(result: VerbResult): VerbResult;
}

/** Listens where a profile is wanted. */
export function listenForProfile(wanted: boolean | undefined, folder: string): ProfileListener {
  if (!wanted) return { onProfile: undefined, addTo: (result) => result };
  let profile: StepProfile | undefined;
  return {
    onProfile(made) {
      profile = made;
    },
    addTo: (result) => ({
      ...result,
      json: { ...result.json, profile: (profile ?? null) as unknown as JsonValue },
      text: `${result.text}\n\n${profile === undefined ? nothingTimed : describeProfile(profile, runFolderLayout(folder).profile)}`,
    }),
  };
}

const nothingTimed = "profile: no training step was taken, so none was timed";

/** Time, share, dispatches and rate of each kind of kernel. */
function describeProfile({ steps, milliseconds, waiting, kinds, backend }: StepProfile, file: string): string {
  const share = (part: number): string => formatQuantity(part / milliseconds, "share");
  const rows = kinds.map((row) => [
    row.kind,
    row.milliseconds.toFixed(2),
    share(row.milliseconds),
    row.dispatches === 0 ? "" : row.dispatches.toFixed(0),
    row.flops === 0 ? "" : (row.flops / row.milliseconds / 1e6).toFixed(1),
    row.bytesMoved === 0 ? "" : (row.bytesMoved / row.milliseconds / 1e6).toFixed(1),
  ]);
  const [first, last] = [steps[0]!, steps.at(-1)!];
  const which = first === last ? `step ${first}` : `the mean of steps ${first} to ${last}`;
  const waits = waiting === null ? "" : `; threads waited for each other in ${share(waiting)} of it`;
  return [
    `a training step on "${backend}", ${which}${waits}`,
    renderTable(
      ["kernels", "ms", "share", "dispatches", "GFLOPS", "GB/s"],
      [...rows, ["together", milliseconds.toFixed(2), share(milliseconds)]],
    ),
    `by kernel: ${relative(process.cwd(), file) || file}`,
  ].join("\n");
}
