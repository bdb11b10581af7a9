// A journal in memory: a run that was stopped goes on from it, and so does one whose device was lost, on another device.

import type { JsonObject } from "@attune/spec";
import { assertEvery } from "./assert-every.ts";
import { assertSameRun, otherSize } from "./assert-same-run.ts";
import { parametersRegion } from "./trainable-store.ts";
import type { SavedTraining, TrainingJournal } from "./training-journal.ts";

/** A journal whose metrics can be read. */
export interface MemoryJournal extends TrainingJournal {
  /** Metrics of all steps, with their `step`. */
  readonly metrics: readonly JsonObject[];
  /** The last step that a run would go on from, 0 before the first checkpoint. */
  savedStep(): number;
}

interface Checkpoint extends SavedTraining {
  readonly identity: JsonObject;
  readonly buffers: ReadonlyMap<string, Float32Array>;
}

/**
 * Makes a journal. `every` is the number of steps between two checkpoints; each reads the trained parameters and their moments.
 *
 * @throws AttuneError `OPTIONS_INVALID` for an `every` below 1
 */
export function memoryJournal({ every = 1 }: { readonly every?: number | undefined } = {}): MemoryJournal {
  assertEvery(every);
  const name = "The checkpoint in memory";
  const metrics: JsonObject[] = [];
  let last: Checkpoint | undefined;
  return {
    every,
    metrics,
    savedStep: () => last?.position.step ?? 0,
    async open({ runtime, store, identity }) {
      const step = last?.position.step ?? 0;
      metrics.splice(metrics.findLastIndex((line) => Number(line["step"]) <= step) + 1);
      if (last === undefined) return undefined;
      assertSameRun(name, last.identity, identity);
      for (const [region, values] of last.buffers) {
        if (values.length !== store.size) throw otherSize(name, region, values.length, store.size);
        await runtime.states.write(region, values);
      }
      return { position: { ...last.position }, best: last.best };
    },
    async append(line) {
      metrics.push(line);
    },
    async save({ runtime, slots, identity }, { position, best }) {
      const buffers = new Map<string, Float32Array>();
      for (const region of [parametersRegion, ...slots]) {
        buffers.set(region, (await runtime.states.read(region)) as Float32Array);
      }
      last = { identity, buffers, best, position: { ...position } };
    },
    close: async () => undefined,
  };
}
