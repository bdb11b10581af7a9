import { adamw, type Optimizer } from "@attune/optim";
import {
  type Adapters,
  attachAdapters,
  initialiseAdapters,
  type PlacedAdapters,
  placeForTraining,
} from "@attune/peft-core";
import { lora } from "@attune/peft-lora";
import { createTrainableStore, freeTrainingState, type TrainableStore } from "@attune/train";
import type { OpenBase } from "./open-base.ts";
import type { TunerSettings } from "./settings.ts";

/** A LoRA adapter whose values are trained on a device. */
export interface AttachedLora {
  readonly adapters: Adapters;
  readonly placed: PlacedAdapters;
  readonly store: TrainableStore;
  readonly optimizer: Optimizer;
  dispose(): void;
}

/** Puts a new adapter on all linear layers of a model; its first values depend on the seed alone. */
export async function attachLora(
  { runtime, model }: OpenBase,
  { rank, seed }: Pick<TunerSettings, "rank" | "seed">,
): Promise<AttachedLora> {
  const options = { rank, alpha: 2 * rank, targetModules: "all-linear" };
  const adapters = attachAdapters(model, [{ name: "default", method: lora, options }]);
  const { values } = await initialiseAdapters(runtime, model, adapters, { seed });
  const optimizer = adamw();
  const store = await createTrainableStore(runtime, adapters.trainable(values), optimizer, adapters.groups);
  const placed = await placeForTraining(runtime, adapters, values, store.ranges);
  return {
    adapters,
    placed,
    store,
    optimizer,
    dispose() {
      placed.dispose();
      freeTrainingState(runtime, optimizer);
    },
  };
}
