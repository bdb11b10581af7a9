// The numerics class of a run: what its bits depend on beside its configuration. A run goes on only within its class.
import { readJson } from "@attune/run-folder";
import { AttuneError, type JsonObject, toAttuneError } from "@attune/spec";
import type { Capabilities } from "@attune/tensor-core";

/** Features of a device that its bits depend on, sorted, such as `fma` and `gemm:openblas-0.3.21-haswell`. */
export type NumericsClass = readonly string[];

/** Features that change the speed only: the width, and register tiles of products, all of which add in the same order. */
const changesSpeedOnly = (feature: string): boolean => feature === "simd256" || feature.startsWith("tile:");

/** The class of a device. */
export function numericsOf({ features }: Capabilities): NumericsClass {
  return [...features].filter((feature) => !changesSpeedOnly(feature)).sort();
}

/** The class that a run's `environment.json` names; undefined where a run was stopped before it was written. */
export async function readNumerics(file: string): Promise<NumericsClass | undefined> {
  try {
    const { numerics } = (await readJson(file)) as JsonObject;
    return Array.isArray(numerics) ? numerics.map(String) : undefined;
  } catch (error) {
    if (toAttuneError(error).code === "FILE_NOT_FOUND") return undefined;
    throw error;
  }
}

/** @throws AttuneError `RUN_MISMATCH` where a device is of another class than the run */
export function assertSameNumerics(before: NumericsClass, now: NumericsClass, file: string): void {
  if (before.join() === now.join()) return;
  throw new AttuneError(
    "RUN_MISMATCH",
    `The run was begun with the numerics class ${describe(before)}, and this device has ${describe(now)}: its steps would round otherwise.`,
    {
      hint: "Go on where it was begun, with the same native library if there was one, or choose another --output.",
      details: { file, before: [...before], now: [...now] },
    },
  );
}

function describe(numerics: NumericsClass): string {
  return numerics.length === 0 ? "without features" : numerics.join(" + ");
}
