// A model from scratch, or further training of one on plain text: tokenizer, initial values, training, and a checkpoint folder that
// Transformers and Attune load.
import { join } from "node:path";
import { type Evaluation, evaluate, type PerplexityDocument, writeEvaluation } from "@attune/eval-bench";
import { initialiseModel, loadModel, type Model, saveModel } from "@attune/models";
import { assertReplaceable, hashJson, replaceFolder } from "@attune/run-folder";
import type { JsonObject, JsonValue, Tokenizer } from "@attune/spec";
import { loadTokenizer, saveTokenizer } from "@attune/tokenizer-core";
import type { RecipeConfig } from "../config/recipe-config.ts";
import type { ResolvedRecipe } from "../config/resolve-recipe.ts";
import { prepareData } from "../data/prepare-data.ts";
import { type DataParts, readParts, requirePart } from "../data/read-parts.ts";
import { createRowBuilder, documentText } from "../data/row-builder.ts";
import { buildTextRows, type TrainingRows } from "../data/training-rows.ts";
import { createEvaluationModel, type JudgedModel } from "../evaluate/evaluation-model.ts";
import { generalTextTask, readGeneralText } from "../evaluate/general-text.ts";
import { withRun } from "../session/open-run.ts";
import type { RunContext, RunOptions } from "../session/run-options.ts";
import { hashFolder, hashTokenizer } from "../toolbox/hash-folder.ts";
import { resolveModel } from "../toolbox/resolve-model.ts";
import { createOptimizer } from "../toolbox/toolbox.ts";
import { modelConfigOf } from "./model-config-json.ts";
import { runTraining } from "./run-training.ts";
import { trainTokenizer } from "./train-tokenizer.ts";
import { fullTrainee } from "./trainee.ts";

/** What pretraining made. */
export interface PretrainResult {
  /** Folder of the model. */
  readonly model: string;
  readonly parameters: number;
  readonly steps: number;
  readonly trainedTokens: number;
  readonly rows: TrainingRows["counts"];
  /** Bits per byte of the general text, where the recipe names one. */
  readonly general: { readonly bitsPerByte: number; readonly perplexity: number } | undefined;
}

/**
 * Trains every parameter on whole texts into `output/model`: of the recipe's `architecture` from scratch, with its tokenizer where the
 * recipe asks for one, or of its `model`, which goes on with the tokenizer that it has.
 *
 * @throws AttuneError as `checkRecipe`, the data stages and `train` do
 */
export function pretrain(recipe: ResolvedRecipe, options: RunOptions): Promise<PretrainResult> {
  return withRun(recipe, options, "pretrain", pretrainIn);
}

async function pretrainIn(context: RunContext): Promise<PretrainResult> {
  const { session, runtime, recipe, toolbox, signal, onProgress } = context;
  const { config, baseDirectory } = recipe;
  const { seed, evaluation } = config;
  const output = join(session.layout.folder, "data");
  const data = await prepareData({ data: config.data, toolbox, baseDirectory, output, signal, onProgress });
  await assertReplaceable(session.layout.model);
  const parts = await readParts(data.source, config.data, seed, signal);
  requirePart(parts, "train", "to train on");
  const place = { baseDirectory, resolvePackage: toolbox.resolvePackage, seed, signal };
  const general = evaluation?.general ? await readGeneralText(evaluation.general, place) : [];
  const start = await openStart(context, parts, await data.source.fingerprint());
  const { model, tokenizer, tokenizerFrom } = start;
  const rows = rowsOf(config, start, parts, general);
  const optimizer = createOptimizer(toolbox, config);
  const trainee = await fullTrainee(runtime, model, optimizer, undefined);
  const { metrics, checkpoint, profile } = session.layout;
  const { position, steps } = await runTraining({
    runtime,
    model,
    tokenizer,
    trainee,
    optimizer,
    training: config.training,
    rows: { train: rows.train.examples, validation: rows.validation, replay: [] },
    seed,
    identity: {
      model: start.hash,
      tokenizer: await hashTokenizer(tokenizerFrom),
      data: hashJson([await data.source.fingerprint(), config.data.limits as unknown as JsonObject]),
      training: hashJson([config.training, config.template] as unknown as JsonValue),
    },
    files: { metrics, checkpoint, profile, resume: true },
    onProfile: context.onProfile,
    signal,
    onProgress,
  });
  await replaceFolder(session.layout.model, (folder) => saveModel(runtime, model, folder, { tokenizerFrom }));
  const judged = { id: "model", runtime, model, tokenizer, tokensPerRun: evaluation?.tokensPerRun ?? 2048 };
  return {
    model: session.layout.model,
    parameters: trainee.counts.total,
    steps,
    trainedTokens: position.trainedTokens,
    rows: rows.train.counts,
    general: general.length === 0 ? undefined : await judgeGeneralText(context, judged, general),
  };
}

/** What training starts from. */
interface Start {
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly tokenizerFrom: string;
  /** Of everything that the initial values depend on but the seed. */
  readonly hash: string;
}

async function openStart(context: RunContext, parts: DataParts, fingerprint: string): Promise<Start> {
  const { runtime, recipe, toolbox, signal, onProgress } = context;
  const { families, tokenizers } = toolbox;
  const { config, baseDirectory } = recipe;
  if (config.architecture === null) {
    const folder = await resolveModel(toolbox, config.model!, baseDirectory);
    const tokenizerFrom = config.tokenizer ?? folder;
    const tokenizer = await loadTokenizer(tokenizerFrom, tokenizers);
    const model = await loadModel(runtime, folder, { families, trainable: "all", signal, onProgress });
    return { model, tokenizer, tokenizerFrom, hash: await hashFolder(folder) };
  }
  const tokenizerFrom = await prepareTokenizer(context, parts, fingerprint);
  const tokenizer = await loadTokenizer(tokenizerFrom, tokenizers);
  const modelJson = modelConfigOf(config.architecture, tokenizer);
  const model = await initialiseModel(runtime, modelJson, { seed: config.seed, families, trainable: "all" });
  return { model, tokenizer, tokenizerFrom, hash: hashJson(modelJson) };
}

/** The folder or file of the tokenizer, trained where the recipe asks for one. */
async function prepareTokenizer(
  { session, recipe: { config }, signal, onProgress }: RunContext,
  parts: DataParts,
  fingerprint: string,
): Promise<string> {
  if (config.tokenizerTraining === null) return config.tokenizer!;
  const { tokenizerTraining, template, architecture } = config;
  const folder = join(session.layout.folder, "tokenizer");
  await session.stage({
    name: "tokenizer",
    key: [
      tokenizerTraining,
      template,
      fingerprint,
      config.data.limits,
      architecture!.contextLength,
    ] as unknown as JsonValue,
    outputs: ["tokenizer"],
    async run() {
      const texts = parts.train.map((record) => documentText(record, template));
      const files = await trainTokenizer(texts, tokenizerTraining, {
        contextLength: architecture!.contextLength,
        chatTemplate: template.chatTemplate ?? undefined,
        signal,
        onProgress,
      });
      await replaceFolder(folder, (temporary) => saveTokenizer(temporary, files));
      return null;
    },
  });
  return folder;
}

function rowsOf(
  config: RecipeConfig,
  { model, tokenizer }: Start,
  parts: DataParts,
  general: readonly PerplexityDocument[],
) {
  const { template, training } = config;
  const builder = createRowBuilder(template, tokenizer, undefined);
  const contextLength = Math.min(model.contextLength, training.blockLength);
  const limits = { tokenizer, contextLength };
  const texts = (records: DataParts["train"]) =>
    records.map((record) => ({ id: record.id, text: documentText(record, template) }));
  const held = parts.validation.length > 0 ? texts(parts.validation) : general;
  const watched = config.training.evaluateEvery !== null && held.length > 0;
  return {
    train: buildTextRows(texts(parts.train), builder, limits),
    validation: watched ? buildTextRows(held, builder, limits).examples : [],
  };
}

async function judgeGeneralText(
  { session, signal, onProgress }: RunContext,
  judged: JudgedModel,
  documents: readonly PerplexityDocument[],
): Promise<NonNullable<PretrainResult["general"]>> {
  const model = createEvaluationModel(judged);
  try {
    const evaluation: Evaluation = await evaluate(generalTextTask(documents), model, {
      batchSize: 512,
      signal,
      onProgress,
    });
    await writeEvaluation(session.layout.evaluation("general"), evaluation);
    const { bitsPerByte, perplexity } = evaluation.result.scores;
    return { bitsPerByte: bitsPerByte!.value, perplexity: perplexity!.value };
  } finally {
    model.dispose();
  }
}
