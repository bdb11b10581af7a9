// Replays a plan on one thread: for each step it takes tiles from a shared counter until none is left, then meets the others.
import { waitForAll } from "./barrier.ts";
import { controlCells, parameterBytes, type RunProgram, stepFields, type WorkerStart } from "./messages.ts";

/** A compiled kernel: the address of its parameters, and the tile to work on. */
export type KernelFunction = (parameters: number | bigint, tile: number) => void;

export interface ReplayProgram {
  readonly steps: Int32Array;
  readonly addresses: Float64Array;
}

/**
 * Runs the steps of `program` that `run` names. Returns what went wrong on this thread; all threads then leave after the same step.
 * A step of one tile is the first thread's; between such steps nobody has to meet.
 */
export function replay(
  start: WorkerStart,
  kernels: readonly KernelFunction[],
  { steps, addresses }: ReplayProgram,
  run: RunProgram,
): string | undefined {
  const control = new Int32Array(start.control);
  const cells = new Uint32Array(start.memory.buffer, start.parameters, parameterBytes / 4);
  const tilesOf = (step: number): number => steps[step * stepFields + 2]! - steps[step * stepFields + 1]!;
  const clock = run.times && createClock(run.times, start.thread, run);
  let error: string | undefined;
  for (let step = run.from; step < run.to; step++) {
    const base = step * stepFields;
    const tiles = tilesOf(step);
    if (error === undefined && (tiles > 1 || start.thread === 0)) {
      writeParameters(cells, addresses, steps[base + 3]!, steps[base + 4]!, run);
      try {
        runTiles(control, start, kernels[steps[base]!]!, steps[base + 1]!, tiles);
      } catch (cause) {
        error = cause instanceof Error ? `${cause.message} (kernel ${steps[base]!}, step ${step})` : String(cause);
        Atomics.store(control, controlCells.failed, 1);
      }
    }
    const meets = tiles !== 1 || step + 1 === run.to || tilesOf(step + 1) !== 1;
    clock?.arrive();
    const failed = meets && meet(control, start.threads);
    clock?.leave(step);
    if (failed) break;
  }
  return error;
}

interface Clock {
  /** This thread is done with its part of a step. */
  arrive(): void;
  /** All threads are. */
  leave(step: number): void;
}

/** The first thread writes how long each step took, its wait for the others included; every thread adds up its waits. */
function createClock(times: Float64Array, thread: number, { from, to }: RunProgram): Clock {
  const waited = to - from + thread;
  let left = performance.now();
  let arrived = left;
  return {
    arrive() {
      arrived = performance.now();
    },
    leave(step) {
      const now = performance.now();
      times[waited]! += now - arrived;
      if (thread === 0) times[step - from] = now - left;
      left = now;
    },
  };
}

/** Waits for all threads to finish the step; true if one of them failed, the same answer on every thread. */
function meet(control: Int32Array<SharedArrayBuffer>, threads: number): boolean {
  const open = (): void => {
    Atomics.store(control, controlCells.nextTile, 0);
    Atomics.store(control, controlCells.stop, Atomics.load(control, controlCells.failed));
  };
  if (threads > 1) waitForAll(control, threads, open);
  else open();
  return Atomics.load(control, controlCells.stop) !== 0;
}

function runTiles(
  control: Int32Array<ArrayBufferLike>,
  { threads, addressType, parameters: place }: WorkerStart,
  kernel: KernelFunction,
  first: number,
  tiles: number,
): void {
  const parameters = addressType === "i64" ? BigInt(place) : place;
  if (threads === 1 || tiles === 1) {
    for (let tile = 0; tile < tiles; tile++) kernel(parameters, first + tile);
    return;
  }
  for (;;) {
    const tile = Atomics.add(control, controlCells.nextTile, 1);
    if (tile >= tiles) return;
    kernel(parameters, first + tile);
  }
}

/** One address a binding, then the scratch of the thread, the shared one and the near one; 8 bytes each, the lower 4 first. */
function writeParameters(
  cells: Uint32Array,
  addresses: Float64Array,
  firstBinding: number,
  bindings: number,
  { scratch, shared, near }: RunProgram,
): void {
  const write = (index: number, address: number): void => {
    cells[2 * index] = address;
    cells[2 * index + 1] = Math.floor(address / 2 ** 32);
  };
  for (let index = 0; index < bindings; index++) write(index, addresses[firstBinding + index]!);
  write(bindings, scratch);
  write(bindings + 1, shared);
  write(bindings + 2, near);
}
