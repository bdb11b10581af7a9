// The training stage of a run: rows from records, replay, the method, and what is left behind: an adapter or a model.
import { loadModel, type Model } from "@attune/models";
import type { Optimizer } from "@attune/optim";
import { assertReplaceable, hashJson, replaceFolder } from "@attune/run-folder";
import type { JsonObject, JsonValue, Tokenizer } from "@attune/spec";
import { type ExampleCounts, type TrainingExample, tokenizeSegments } from "@attune/train";
import type { RecipeConfig } from "../config/recipe-config.ts";
import { requirePart } from "../data/read-parts.ts";
import type { RecipeData } from "../data/recipe-data.ts";
import { createRowBuilder } from "../data/row-builder.ts";
import { buildRows, checkLabelsTrained } from "../data/training-rows.ts";
import type { RunContext } from "../session/run-options.ts";
import type { OpenModel } from "../toolbox/open-model.ts";
import { createOptimizer } from "../toolbox/toolbox.ts";
import { writeChatTemplate } from "../toolbox/write-chat-template.ts";
import { runTraining } from "./run-training.ts";
import { replayRecords } from "./sample-replay.ts";
import { adapterTrainee, attachMethod, fullTrainee, type Trainee } from "./trainee.ts";

/** How training went. */
export interface AdaptResult {
  readonly steps: number;
  readonly appliedSteps: number;
  readonly skippedSteps: number;
  readonly stoppedEarly: boolean;
  readonly best: { readonly step: number; readonly loss: number } | null;
  readonly trainedTokens: number;
  readonly trainable: number;
  readonly parameters: number;
  /** Training rows: kept, left out because no token is trained, cut. */
  readonly rows: ExampleCounts & { readonly truncated: number };
  readonly replayRows: number;
}

/** Rows of the task, all of them checked. */
export interface TaskRows {
  readonly train: readonly TrainingExample[];
  readonly validation: readonly TrainingExample[];
  readonly counts: AdaptResult["rows"];
}

/** Builds the rows of training and validation. @throws AttuneError naming the row that cannot be trained */
export function buildTaskRows(
  config: RecipeConfig,
  data: RecipeData,
  base: Pick<OpenModel, "model" | "tokenizer">,
): TaskRows {
  const { training, template } = config;
  const train = requirePart(data.parts, "train", "to train on");
  const held =
    training.evaluateEvery === null ? [] : requirePart(data.parts, "validation", "for training.evaluateEvery");
  if (data.labels !== undefined) checkLabelsTrained(train, data.labels);
  const builder = createRowBuilder(template, base.tokenizer, data.labels);
  const contextLength = Math.min(base.model.contextLength, training.blockLength);
  const limits = { tokenizer: base.tokenizer, contextLength, longRows: training.longRows };
  const rows = buildRows(train, builder, limits);
  const validation = held.length === 0 ? [] : buildRows(held, builder, limits).examples;
  return { train: rows.examples, validation, counts: rows.counts };
}

/** Rows of replay: sampled from the base, or read. */
async function buildReplayRows(context: RunContext, base: OpenModel, baseHash: string): Promise<TrainingExample[]> {
  const records = await replayRecords(context, base, baseHash);
  return records.map((record) => replayExample(record, base.tokenizer));
}

/** A row of general text; one that was cut short does not teach to end there. */
function replayExample(
  record: { id: string; text: string; metadata?: JsonObject | undefined },
  tokenizer: Tokenizer,
): TrainingExample {
  const addEos = record.metadata?.["ended"] !== false && tokenizer.specialTokens.eos !== undefined;
  return tokenizeSegments(record.id, [{ text: record.text, trained: true, role: "replay" }], tokenizer, { addEos });
}

/** Trains what the recipe says, into `adapter/` or, for every parameter, `model/`. */
export async function adapt(
  context: RunContext,
  task: TaskRows,
  base: OpenModel,
  hashes: { readonly base: string; readonly data: string },
): Promise<AdaptResult> {
  const { session, runtime, recipe, toolbox, signal, onProgress } = context;
  const { config } = recipe;
  const isFull = config.method.id === "full";
  const identity = identityOf(config, hashes);
  return session.stage({
    name: "train",
    key: identity,
    outputs: [isFull ? "model" : "adapter"],
    async run() {
      const trained = isFull ? session.layout.model : session.layout.adapter;
      await assertReplaceable(trained);
      const replay = await buildReplayRows(context, base, hashes.base);
      const optimizer = createOptimizer(toolbox, config);
      const { model, trainee } = await openTrainee(context, base, optimizer);
      try {
        const { metrics, checkpoint, profile } = session.layout;
        const { position, steps, skippedSteps } = await runTraining({
          runtime,
          model,
          tokenizer: base.tokenizer,
          trainee,
          optimizer,
          training: config.training,
          rows: { ...task, replay },
          seed: config.seed,
          identity,
          files: { metrics, checkpoint, profile, resume: true },
          onProfile: context.onProfile,
          signal,
          onProgress,
        });
        await replaceFolder(trained, async (folder) => {
          await trainee.save(folder);
          await writeChatTemplate(folder, config.template.chatTemplate);
        });
        return {
          steps,
          appliedSteps: position.appliedSteps,
          skippedSteps,
          stoppedEarly: position.stopped,
          best: position.best ?? null,
          trainedTokens: position.trainedTokens,
          trainable: trainee.counts.trainable,
          parameters: trainee.counts.total,
          rows: task.counts,
          replayRows: replay.length,
        } satisfies AdaptResult as unknown as JsonObject;
      } finally {
        await trainee.dispose();
      }
    },
  }) as unknown as Promise<AdaptResult>;
}

/** What is trained: a copy of the model with every parameter in State, or an adapter at the base. */
async function openTrainee(
  { recipe: { config }, runtime, toolbox, signal }: RunContext,
  { model: base, folder, reference, tokenizerFrom }: OpenModel,
  optimizer: Optimizer,
): Promise<{ readonly model: Model; readonly trainee: Trainee }> {
  if (config.method.id !== "full") {
    const adapters = attachMethod(toolbox, base, config.method);
    const options = { adapters, seed: config.seed, baseModel: reference };
    return { model: base, trainee: await adapterTrainee(runtime, base, optimizer, options) };
  }
  const { families } = toolbox;
  const model = await loadModel(runtime, folder, { families, trainable: "all", prefix: "trained/", signal });
  return { model, trainee: await fullTrainee(runtime, model, optimizer, tokenizerFrom) };
}

function identityOf(config: RecipeConfig, { base, data }: { base: string; data: string }): JsonObject {
  const { training, template, method, seed } = config;
  const labels = config.evaluation?.labels ?? null;
  return {
    base,
    data,
    template: hashJson([template, labels] as unknown as JsonValue),
    method: hashJson(method as unknown as JsonValue),
    training: hashJson(training as unknown as JsonValue),
    seed,
  };
}
