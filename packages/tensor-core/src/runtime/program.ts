import { AttuneError, type Queue } from "@attune/spec";
import type { Allocation, Backend, Executable } from "../backend/backend.ts";
import type { DeviceDescription } from "../plan/device-description.ts";
import { explainPlan } from "../plan/explain-plan.ts";
import type { Plan, Port } from "../plan/plan.ts";
import { decodeDense, encodeValues, type HostValues } from "./buffer-values.ts";
import { checkDispatches, type Disagreement } from "./check-plan.ts";
import type { Memory } from "./memory.ts";
import { type ProfiledRun, profileDispatches } from "./profile.ts";

/** A compiled function: run it again and again with new inputs. */
export interface Program {
  readonly plan: Plan;
  /** Runs the plan once. Inputs by name, in the traced shapes; State is read and written where it lies. */
  run(inputs?: Readonly<Record<string, ArrayLike<number>>>): Promise<Record<string, HostValues>>;
  /** The dispatches with kernels, shapes, bytes and offsets, and what each takes at least of a device, as text. */
  explain(device?: DeviceDescription): string;
  /** Runs the plan dispatch by dispatch beside the float64 interpreter; the first that differs, or undefined. */
  check(inputs?: Readonly<Record<string, ArrayLike<number>>>): Promise<Disagreement | undefined>;
  /** Whether the backend can tell how long dispatches take. */
  readonly canProfile: boolean;
  /**
   * Runs the plan once, as `run` does, and says how long each dispatch took.
   *
   * @throws AttuneError `DEVICE_UNAVAILABLE` on a backend that cannot tell
   */
  profile(inputs?: Readonly<Record<string, ArrayLike<number>>>): Promise<ProfiledRun>;
  dispose(): void;
}

/** Makes a program of a plan. Programs that share the arena and staging run in one queue. */
export async function createProgram(plan: Plan, backend: Backend, memory: Memory, queue: Queue): Promise<Program> {
  const executable: Executable = await backend.compile(plan);
  let disposed = false;
  const assertAlive = (): void => {
    if (disposed) throw new AttuneError("INPUT_INVALID", "This program was disposed.");
  };
  return {
    plan,
    run(inputs = {}) {
      return queue(async () => {
        assertAlive();
        const regions = await memory.bind(plan);
        await writeInputs(plan, backend, regions, inputs);
        await executable.run(regions);
        return readOutputs(plan, backend, regions);
      });
    },
    explain: (device) => explainPlan(plan, device),
    check(inputs = {}) {
      return queue(async () => {
        assertAlive();
        const regions = await memory.bind(plan);
        await writeInputs(plan, backend, regions, inputs);
        return checkDispatches(plan, backend, executable, regions);
      });
    },
    canProfile: executable.profile !== undefined,
    profile(inputs = {}) {
      return queue(async () => {
        assertAlive();
        const regions = await memory.bind(plan);
        await writeInputs(plan, backend, regions, inputs);
        const profile = await profileDispatches(plan, executable, regions);
        return { ...profile, outputs: await readOutputs(plan, backend, regions) };
      });
    },
    dispose() {
      if (!disposed) executable.dispose();
      disposed = true;
    },
  };
}

async function writeInputs(
  plan: Plan,
  backend: Backend,
  regions: readonly Allocation[],
  inputs: Readonly<Record<string, ArrayLike<number>>>,
): Promise<void> {
  const unknown = Object.keys(inputs).find((name) => !plan.inputs.some((port) => port.name === name));
  if (unknown !== undefined) {
    throw new AttuneError("INPUT_INVALID", `The program has no input "${unknown}".`, {
      hint: `Its inputs: ${plan.inputs.map((port) => port.name).join(", ") || "none"}.`,
    });
  }
  const written = rangeOf(plan.inputs);
  if (written === undefined) return;
  const bytes = new Uint8Array(written.end - written.start);
  for (const { name, type, addresses } of plan.inputs) {
    const values = inputs[name];
    if (values === undefined) throw new AttuneError("INPUT_INVALID", `Input "${name}" of the program was not given.`);
    const components = encodeValues(values, type, name);
    for (const [index, address] of addresses.entries()) bytes.set(components[index]!, address.offset - written.start);
  }
  await backend.write(regions[written.region]!, written.start, bytes);
}

async function readOutputs(
  plan: Plan,
  backend: Backend,
  regions: readonly Allocation[],
): Promise<Record<string, HostValues>> {
  const read = rangeOf(plan.outputs);
  if (read === undefined) return {};
  const bytes = await backend.read(regions[read.region]!, read.start, read.end - read.start);
  return Object.fromEntries(
    plan.outputs.map(({ name, type, addresses: [address] }) => {
      const start = address!.offset - read.start;
      return [name, decodeDense(bytes.subarray(start, start + address!.bytes), type.dtype)];
    }),
  );
}

/** The range of staging that holds all ports, which lie one after the other; it crosses to the device and back in one transfer. */
function rangeOf(ports: readonly Port[]): { region: number; start: number; end: number } | undefined {
  const addresses = ports.flatMap((port) => port.addresses);
  if (addresses.length === 0) return undefined;
  return {
    region: addresses[0]!.region,
    start: Math.min(...addresses.map(({ offset }) => offset)),
    end: Math.max(...addresses.map(({ offset, bytes }) => offset + bytes)),
  };
}
