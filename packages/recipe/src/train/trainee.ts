// What a method trains, behind one face: every parameter of a model, or an adapter on its sites.
import { type Model, type SiteVisitor, saveModel } from "@attune/models";
import type { Optimizer } from "@attune/optim";
import {
  type AdapterLossTerms,
  type Adapters,
  attachAdapters,
  beforeUpdate,
  hasUpdateHook,
  initialiseAdapters,
  placeForTraining,
  saveAdapter,
} from "@attune/peft-core";
import { AttuneError } from "@attune/spec";
import type { Runtime, Trace } from "@attune/tensor-core";
import {
  adoptParameters,
  createTrainableStore,
  freeTrainingState,
  type ObjectiveContext,
  type TrainableStore,
} from "@attune/train";
import type { MethodConfig } from "../config/model-config.ts";
import type { Toolbox } from "../toolbox/toolbox.ts";

/** Something that is trained. */
export interface Trainee {
  readonly store: TrainableStore;
  /** Visitors of the training trace, made anew for each. */
  visitors(context: ObjectiveContext): readonly SiteVisitor[];
  /** Terms that the method adds to the loss. */
  lossTerms(trace: Trace): AdapterLossTerms;
  /** Runs before each update, for methods that look at gradients. */
  readonly beforeUpdate: ((step: number, steps: number) => Promise<void>) | undefined;
  /** Trained and all parameters. */
  readonly counts: { readonly trainable: number; readonly total: number };
  /** Writes the adapter or the model into an empty folder. */
  save(folder: string): Promise<void>;
  /** Frees what training took, and puts the base back as it was. */
  dispose(): Promise<void>;
}

/** Every parameter of a model that was placed as trained; norms and biases do not decay. */
export async function fullTrainee(
  runtime: Runtime,
  model: Model,
  optimizer: Optimizer,
  tokenizerFrom: string | undefined,
): Promise<Trainee> {
  const ranges = model.trained.map(({ name, shape, offset, role }) => ({
    name,
    shape,
    offset,
    group: role === "norm" || role === "bias" ? 1 : 0,
  }));
  const groups = [
    { name: "default", learningRateScale: 1 },
    { name: "undecayed", learningRateScale: 1, weightDecay: 0 },
  ];
  const store = await adoptParameters(runtime, ranges, optimizer, groups);
  const total = model.trained.reduce((sum, { length }) => sum + length, 0);
  return {
    store,
    visitors: () => [],
    lossTerms: () => [],
    beforeUpdate: undefined,
    counts: { trainable: total, total },
    save: (folder) => saveModel(runtime, model, folder, { tokenizerFrom }),
    async dispose() {
      freeTrainingState(runtime, optimizer);
      const placements = [...model.parameters.values()];
      const names = new Set(placements.flatMap((place) => (place.kind === "weight" ? [place.name] : [])));
      for (const name of names) runtime.weights.delete(name);
    },
  };
}

/** An adapter over the sites of a frozen model. */
export async function adapterTrainee(
  runtime: Runtime,
  model: Model,
  optimizer: Optimizer,
  options: { readonly adapters: Adapters; readonly seed: number; readonly baseModel: string },
): Promise<Trainee> {
  const { adapters, seed, baseModel } = options;
  const { values, restoreBase } = await initialiseAdapters(runtime, model, adapters, { seed });
  const store = await createTrainableStore(runtime, adapters.trainable(values), optimizer, adapters.groups);
  const placed = await placeForTraining(runtime, adapters, values, store.ranges);
  return {
    store,
    visitors: ({ random }) => adapters.visitors(placed.placement, { random }),
    lossTerms: (trace) => adapters.lossTerms(trace, placed.placement),
    beforeUpdate: hasUpdateHook(adapters)
      ? (step, steps) => beforeUpdate(runtime, adapters, placed.placement, { step, steps })
      : undefined,
    counts: adapters.counts(),
    save: async (folder) =>
      saveAdapter(runtime, model, adapters, await placed.read(), folder, { origin: { baseModel } }),
    async dispose() {
      placed.dispose();
      freeTrainingState(runtime, optimizer);
      await restoreBase();
    },
  };
}

/** The adapter of a configuration, over the sites of a model. @throws AttuneError `ID_UNKNOWN`, `OPTIONS_INVALID`, `CONFIG_INCOMPATIBLE` */
export function attachMethod(
  toolbox: Toolbox,
  model: Pick<Model, "family" | "config">,
  method: MethodConfig,
): Adapters {
  const adapters = attachAdapters(model, [
    { name: "default", method: toolbox.methods.get(method.id), options: method.options },
  ]);
  if (adapters.virtualTokens() === 0) return adapters;
  throw new AttuneError(
    "CONFIG_INCOMPATIBLE",
    `Method "${method.id}" puts tokens of its own in front of each document, which packed rows have no place for.`,
    { details: { key: "method.id" } },
  );
}
