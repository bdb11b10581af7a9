// A checkpoint: parameters, optimizer slots and the best parameters so far as safetensors, and everything else as JSON. The folder is
// replaced as a whole, so a kill leaves the old or the new one.
import { join } from "node:path";
import { openFolder, readJson, replaceFolder, writeJsonAtomic } from "@attune/run-folder";
import { AttuneError, type JsonObject, type JsonValue } from "@attune/spec";
import type { Runtime } from "@attune/tensor-core";
import { openSafetensors, writeSafetensors } from "@attune/weights";
import { parametersRegion, type TrainableStore } from "./trainable-store.ts";

/** Version of the checkpoint's layout. */
const checkpointVersion = 1;

/** Where a run stands, apart from its buffers. */
export interface TrainingPosition {
  /** Optimizer steps tried, skipped ones included. */
  step: number;
  /** Optimizer steps that changed parameters; schedules count these. */
  appliedSteps: number;
  trainedTokens: number;
  source: JsonValue;
  best: { readonly step: number; readonly loss: number } | undefined;
  /** Evaluations since the best one. */
  evaluationsWithoutGain: number;
  /** True once early stopping ended the run. */
  stopped: boolean;
}

/** Writes a checkpoint; `best` are the parameters of the best evaluation, where there is one. */
export async function writeCheckpoint(
  folder: string,
  runtime: Runtime,
  slots: readonly string[],
  position: TrainingPosition,
  identity: JsonObject,
  best: Float32Array | undefined,
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
  runtime: Runtime,
  slots: readonly string[],
  store: Pick<TrainableStore, "size">,
  identity: JsonObject,
): Promise<{ position: TrainingPosition; best: Float32Array | undefined } | undefined> {
  const found = await openFolder(folder);
  if (found === undefined) return undefined;
  const document = (await readJson(join(found, "position.json"))) as JsonObject;
  assertIdentity(folder, document, identity);
  const file = await openSafetensors(join(found, "state.safetensors"));
  try {
    for (const name of [parametersRegion, ...slots]) {
      const values = await file.readFloat32(name);
      if (values.length !== store.size) {
        throw new AttuneError(
          "RUN_MISMATCH",
          `The checkpoint "${folder}" holds ${values.length} elements of "${name}"; this run has ${store.size}.`,
        );
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

function assertIdentity(folder: string, document: JsonObject, identity: JsonObject): void {
  if (document["version"] !== checkpointVersion) {
    throw new AttuneError(
      "FILE_UNSUPPORTED",
      `The checkpoint "${folder}" has layout version ${document["version"]}; this version reads ${checkpointVersion}.`,
    );
  }
  const saved = (document["identity"] ?? {}) as JsonObject;
  const differing = [...new Set([...Object.keys(saved), ...Object.keys(identity)])].filter(
    (key) => JSON.stringify(saved[key]) !== JSON.stringify(identity[key]),
  );
  if (differing.length > 0) {
    throw new AttuneError(
      "RUN_MISMATCH",
      `The checkpoint "${folder}" is of another run: ${differing.join(", ")} differ.`,
      {
        hint: "Resume with the same recipe, data, model and tokenizer, or choose another --output.",
      },
    );
  }
}
