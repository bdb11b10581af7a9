// A program of State that is timed: by the clock over rounds that end with a fence, and by the device's own timestamps where it has them.
import { type Backend, createRuntime, type Program, type Runtime, type Trace } from "@attune/tensor-core";

/** A program to time. It reads and writes State alone. */
export interface TimedProgram {
  /** Elements of each State; values differ from place to place, because zeros draw less power and run faster. */
  readonly states: Readonly<Record<string, number>>;
  /** The one whose first element is read: the fence. */
  readonly result: string;
  record(trace: Trace): void;
  /** Weights, where it has some. */
  prepare?(runtime: Runtime): Promise<void>;
  readonly flops: number;
  readonly bytes: number;
}

/** Something that can be run a few times. */
export interface Ready {
  readonly runtime: Runtime;
  readonly program: Program;
  /** Milliseconds of one run, over so many. */
  time(runs: number): Promise<number>;
}

/** Values between -1 and 1 that have nothing in common with their neighbours. */
export function scatteredValues(count: number): Float32Array {
  const values = new Float32Array(count);
  let word = 1;
  for (let index = 0; index < count; index++) {
    word = (Math.imul(word, 1664525) + 1013904223) | 0;
    values[index] = word / 2 ** 31;
  }
  return values;
}

/** Prepares a program; the backend stays open when its runtime is disposed. */
export async function makeReady(backend: Backend, timed: TimedProgram): Promise<Ready> {
  const runtime = createRuntime({ backend: { ...backend, dispose: async () => undefined } });
  for (const [name, count] of Object.entries(timed.states)) {
    await runtime.states.allocate(name, count);
    await runtime.states.write(name, scatteredValues(count));
  }
  await timed.prepare?.(runtime);
  const program = await runtime.compile((trace: Trace) => timed.record(trace));
  return {
    runtime,
    program,
    async time(runs) {
      const start = performance.now();
      for (let run = 0; run < runs; run++) await program.run();
      await runtime.states.read(timed.result, 0, 1);
      return (performance.now() - start) / runs;
    },
  };
}

/** Milliseconds that a round should take. */
const roundMilliseconds = 40;

/** Runs that make a round. */
export async function runsOf({ time }: Ready): Promise<number> {
  await time(1);
  return Math.max(1, Math.min(400, Math.round(roundMilliseconds / (await time(2)))));
}

/** Milliseconds of a run by the device's own clock, and of each kernel. */
export interface KernelTimes {
  readonly milliseconds: number;
  readonly kernels: (readonly [string, number])[];
}

const profiledRuns = 5;

/** The fastest time of each kernel in some runs; undefined where the device has no clock. */
export async function kernelTimes({ program }: Ready): Promise<KernelTimes | undefined> {
  if (!program.canProfile) return undefined;
  const fastest = program.plan.dispatches.map(() => Number.POSITIVE_INFINITY);
  for (let run = 0; run < profiledRuns; run++) {
    const { milliseconds } = await program.profile();
    for (const [index, time] of milliseconds.entries()) fastest[index] = Math.min(time, fastest[index]!);
  }
  return {
    milliseconds: fastest.reduce((sum, time) => sum + time, 0),
    kernels: program.plan.dispatches.map(({ kernel }, index) => [kernel, fastest[index]!] as const),
  };
}

/** The median of times, and a tenth and nine tenths of them. */
export function spreadOf(times: readonly number[]): { readonly median: number; readonly spread: [number, number] } {
  const sorted = [...times].sort((left, right) => left - right);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))]!;
  return { median: at(0.5), spread: [at(0.1), at(0.9)] };
}
