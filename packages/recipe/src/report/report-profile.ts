import type { ResourceSection } from "@attune/report";
import { readJson } from "@attune/run-folder";
import { toAttuneError } from "@attune/spec";
import type { StepProfile } from "@attune/train";

/** Where the time of a training step went, where the run was profiled, now or before it was resumed. */
export async function stepSection(file: string): Promise<ResourceSection["step"]> {
  const profile = await readProfile(file);
  if (profile === undefined) return undefined;
  const { steps, kinds, milliseconds, waiting } = profile;
  const [first, last] = [steps[0]!, steps.at(-1)!];
  const mean = first === last ? `Measured in step ${first}.` : `The mean of steps ${first} to ${last}.`;
  const share = ((100 * (waiting ?? 0)) / milliseconds).toFixed(0);
  return {
    note: waiting === null ? mean : `${mean} Threads waited for each other in ${share}% of it.`,
    parts: kinds.map((row) => ({ name: row.kind, seconds: row.milliseconds / 1000 })),
  };
}

async function readProfile(file: string): Promise<StepProfile | undefined> {
  try {
    return (await readJson(file)) as unknown as StepProfile;
  } catch (error) {
    if (toAttuneError(error).code === "FILE_NOT_FOUND") return undefined;
    throw error;
  }
}
