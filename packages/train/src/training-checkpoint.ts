// A checkpoint: parameters, optimizer slots and the best parameters so far as safetensors, and everything else as JSON. The folder is
// replaced as a whole, so a kill leaves the old or the new one.
import { join } from "node:path";
import { openFolder, readJson, replaceFolder, writeJsonAtomic } from "@attune/run-folder";
import { AttuneError, type JsonObject } from "@attune/spec";
import { openSafetensors, writeSafetensors } from "@attune/weights";
import { assertSameRun, otherSize } from "./assert-same-run.ts";
import { parametersRegion } from "./trainable-store.ts";
import type { JournaledRun, SavedTraining, TrainingPosition } from "./training-journal.ts";

/** Version of the checkpoint's layout. */
const checkpointVersion = 1;

/** Writes a checkpoint. */
export async function writeCheckpoint(
  folder: string,
  { runtime, slots, identity }: JournaledRun,
  { position, best }: SavedTraining,
): Promise<void> {
  const tensors = await Promise.all(
    [parametersRegion, ...slots].map(async (name) => {
      const values = (await runtime.states.read(name)) as Float32Array;
      return { name, dtype: "F32" as const, shape: [values.length], data: values };
    }),
  );
  if (best !== undefined) tensors.push({ name: "best", dtype: "F32", shape: [best.length], data: best });
  await replaceFolder(folder, async (temporary) => {
    await writeSafetensors(join(temporary, "state.safetensors"), tensors);
    await writeJsonAtomic(join(temporary, "position.json"), {
      version: checkpointVersion,
      identity,
      position: { ...position, best: position.best ?? null } as unknown as JsonObject,
    });
  });
}

/**
 * Reads a checkpoint into the runtime's State.
 *
 * @returns where the run stood, undefined without a checkpoint
 * @throws AttuneError `FILE_CORRUPT` for a damaged one, `RUN_MISMATCH` for one of another configuration, naming what differs
 */
export async function readCheckpoint(
  folder: string,
  { runtime, slots, store, identity }: JournaledRun,
): Promise<SavedTraining | undefined> {
  const found = await openFolder(folder);
  if (found === undefined) return undefined;
  const document = (await readJson(join(found, "position.json"))) as JsonObject;
  if (document["version"] !== checkpointVersion) {
    throw new AttuneError(
      "FILE_UNSUPPORTED",
      `The checkpoint "${folder}" has layout version ${document["version"]}; this version reads ${checkpointVersion}.`,
    );
  }
  assertSameRun(`The checkpoint "${folder}"`, (document["identity"] ?? {}) as JsonObject, identity);
  const file = await openSafetensors(join(found, "state.safetensors"));
  try {
    for (const name of [parametersRegion, ...slots]) {
      const values = await file.readFloat32(name);
      if (values.length !== store.size) {
        throw otherSize(`The checkpoint "${folder}"`, name, values.length, store.size);
      }
      await runtime.states.write(name, values);
    }
    const best = file.has("best") ? await file.readFloat32("best") : undefined;
    const { best: bestPlace, ...position } = document["position"] as unknown as TrainingPosition & {
      best: TrainingPosition["best"] | null;
    };
    return { position: { ...position, best: bestPlace ?? undefined }, best };
  } finally {
    await file.close();
  }
}
