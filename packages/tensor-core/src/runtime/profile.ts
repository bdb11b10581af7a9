// Where the time of a plan goes: milliseconds of each dispatch, summed by kernel, shape and direction, with the work done in them.
import { AttuneError } from "@attune/spec";
import type { Allocation, DispatchTimes, Executable } from "../backend/backend.ts";
import type { Dispatch, Plan } from "../plan/plan.ts";
import { formatType } from "../type/tensor-type.ts";
import type { HostValues } from "./buffer-values.ts";

/** How long each dispatch of a plan took in one run. */
export interface Profile extends DispatchTimes {
  readonly plan: Plan;
}

/** A run that was timed: its outputs are those of any run. */
export interface ProfiledRun extends Profile {
  readonly outputs: Record<string, HostValues>;
}

/** Dispatches that are summed up, and what they have in common. */
export interface ProfileRow {
  readonly name: string;
  readonly dispatches: number;
  readonly milliseconds: number;
  readonly flops: number;
  /** Bytes that they must at least read and write. */
  readonly bytesMoved: number;
}

/** Runs the plan once. */
export async function profileDispatches(
  plan: Plan,
  executable: Executable,
  regions: readonly Allocation[],
): Promise<Profile> {
  if (!executable.profile) {
    throw new AttuneError("DEVICE_UNAVAILABLE", `Backend "${plan.backend}" cannot say how long a dispatch takes.`, {
      hint: "A GPU needs the feature timestamp-query for that; the CPU can always tell.",
    });
  }
  return { plan, ...(await executable.profile(regions)) };
}

/** What dispatches are summed by: their kernel, or their kernel, direction and types. */
const rowNames: Readonly<Record<"kernel" | "signature", (dispatch: Dispatch) => string>> = {
  kernel: ({ kernel }) => kernel,
  signature: ({ kernel, inputs, outputs, backward, attributes }) => {
    const flags = Object.entries(attributes).flatMap(([key, value]) => (value === true ? [key] : []));
    return [
      kernel,
      ...flags,
      `${inputs.map(formatType).join(" ")} -> ${outputs.map(formatType).join(" ")}`,
      ...(backward ? ["backward"] : []),
    ].join(" ");
  },
};

/**
 * Sums a profile up, the slowest first. Of several profiles of one plan, the fastest time of each dispatch counts, so that other work
 * on the machine does not.
 */
export function profileRows(profiles: readonly Profile[], by: "kernel" | "signature" = "kernel"): ProfileRow[] {
  const rows = new Map<string, ProfileRow>();
  for (const [index, dispatch] of (profiles[0]?.plan.dispatches ?? []).entries()) {
    const name = rowNames[by](dispatch);
    const fastest = Math.min(...profiles.map(({ milliseconds }) => milliseconds[index]!));
    const before = rows.get(name) ?? { name, dispatches: 0, milliseconds: 0, flops: 0, bytesMoved: 0 };
    rows.set(name, {
      name,
      dispatches: before.dispatches + 1,
      milliseconds: before.milliseconds + fastest,
      flops: before.flops + dispatch.flops,
      bytesMoved: before.bytesMoved + dispatch.bytesMoved,
    });
  }
  return [...rows.values()].sort((a, b) => b.milliseconds - a.milliseconds);
}

/**
 * Rows as a table: milliseconds and their share of all, dispatches, GFLOPS, GB/s, name.
 *
 * @param peak - GFLOPS that the device reaches at most; each row then has its share of it
 */
export function formatProfile(rows: readonly ProfileRow[], peak?: number): string {
  const total = rows.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const lines = rows.map(({ name, dispatches, milliseconds, flops, bytesMoved }) => {
    const rate = flops / milliseconds / 1e6;
    const cells = [
      milliseconds.toFixed(2).padStart(9),
      `${((100 * milliseconds) / total).toFixed(1)} %`.padStart(7),
      String(dispatches).padStart(6),
      rate.toFixed(1).padStart(8),
      ...(peak === undefined ? [] : [`${((100 * rate) / peak).toFixed(0)} %`.padStart(6)]),
      (bytesMoved / milliseconds / 1e6).toFixed(1).padStart(7),
    ];
    return `${cells.join(" ")}  ${name}`;
  });
  const head = ["       ms   share  count   GFLOPS", ...(peak === undefined ? [] : ["  peak"]), "   GB/s  what"];
  return [head.join(" "), ...lines, `${total.toFixed(2).padStart(9)} ms in all`].join("\n");
}
