// The whole job of a recipe: data, a measured base, training, a measured result, merging, a report. Each stage is done once for
// equal inputs; a run that was killed goes on where it was.
import { type Evaluation, type PerplexityDocument, recomputeFromPredictions } from "@attune/eval-bench";
import { disposeModel } from "@attune/models";
import { attachAdapters, loadAdapter, placeForInference } from "@attune/peft-core";
import { writeJsonAtomic } from "@attune/run-folder";
import type { JsonObject, JsonValue } from "@attune/spec";
import type { ResolvedRecipe } from "../config/resolve-recipe.ts";
import type { EvaluationConfig } from "../config/training-config.ts";
import type { RecipeData } from "../data/recipe-data.ts";
import type { PartsSummary } from "../data/summarise-parts.ts";
import type { JudgedModel } from "../evaluate/evaluation-model.ts";
import { checkGates, type GateResult } from "../evaluate/gates.ts";
import { judgeBaselines } from "../evaluate/judge-baselines.ts";
import { judgeModel, judgementFiles } from "../evaluate/judge-model.ts";
import { type Evaluations, type ResultTable, resultTable } from "../evaluate/result-table.ts";
import { predictRun } from "../plan/predict-run.ts";
import { measureResourcesUsed, readResourcesUsed } from "../plan/resources-used.ts";
import { writeReport } from "../report/write-report.ts";
import { withRun } from "../session/open-run.ts";
import type { RunContext, RunOptions } from "../session/run-options.ts";
import type { RunPlan } from "../session/run-plan.ts";
import type { StageRecord } from "../session/run-session.ts";
import { hashFolder } from "../toolbox/hash-folder.ts";
import { type OpenModel, openModel } from "../toolbox/open-model.ts";
import { type AdaptResult, adapt } from "../train/adapt.ts";
import { writeMerged } from "../use/merge-model.ts";
import { type LoadedRun, loadRun } from "./load-run.ts";

/** What a run made. */
export interface RunResult {
  readonly folder: string;
  readonly stages: readonly StageRecord[];
  readonly data: PartsSummary;
  readonly plan: RunPlan;
  readonly training: AdaptResult;
  readonly table: ResultTable | undefined;
  readonly gates: readonly GateResult[];
}

/**
 * Runs every stage of a recipe into a run folder.
 *
 * @throws AttuneError as `checkRecipe`, `openRunFolder` and the stages do; `ABORTED` after saving what there is
 */
export function runRecipe(recipe: ResolvedRecipe, options: RunOptions): Promise<RunResult> {
  return withRun(recipe, options, "run", runStages);
}

async function runStages(context: RunContext): Promise<RunResult> {
  const { session, recipe } = context;
  const { config } = recipe;
  const { evaluation } = config;
  const before = await readResourcesUsed(session.layout.plan);
  const { data, base, rows, general } = await loadRun({ ...context, folder: session.layout.folder });
  const hashes = { base: await hashFolder(base.folder), data: data.fingerprint };
  const plan = await planStage(context, { data, base, rows, general }, hashes);
  context.onPlan?.(plan);
  const judge = createJudge(context, data, general);
  await judge("base", hashes.base, async () => ({ opened: base, release: () => undefined }));
  const training = await adapt(context, rows, base, hashes);
  const isFull = config.method.id === "full";
  const trained = isFull ? session.layout.model : session.layout.adapter;
  const trainedHash = await hashFolder(trained);
  await judge("adapted", trainedHash, () =>
    isFull ? openTrained(context, trained) : openAdapted(context, base, trained),
  );
  if (evaluation?.task === "classification") await judgeBaselineStage(context, data, evaluation);
  await mergeStage(context, base, trained, [hashes.base, trainedHash]);
  const judged = evaluation === null ? undefined : await readJudgement(context, evaluation, general.length > 0);
  const done = { ...plan, used: measureResourcesUsed(session.stages, before) };
  await writeJsonAtomic(session.layout.plan, done as unknown as JsonValue);
  await writeReport(context, {
    data,
    training,
    plan: done,
    judged,
    hashes: { ...hashes, [isFull ? "model" : "adapter"]: trainedHash },
  });
  return {
    folder: session.layout.folder,
    stages: session.stages,
    data: data.summary,
    plan: done,
    training,
    table: judged?.table,
    gates: judged === undefined ? [] : checkGates(evaluation!, judged.table),
  };
}

/** Predicts the run before anything is computed, once. */
async function planStage(
  { session, runtime, recipe, toolbox }: RunContext,
  loaded: LoadedRun,
  hashes: { readonly base: string; readonly data: string },
): Promise<RunPlan> {
  const { config } = recipe;
  const plan = await session.stage({
    name: "plan",
    key: [hashes, { ...config, output: null }, loaded.general] as unknown as JsonValue,
    run: async () => (await predictRun({ config, toolbox, runtime, ...loaded })) as unknown as JsonObject,
  });
  await writeJsonAtomic(session.layout.plan, plan);
  return plan as unknown as RunPlan;
}

/** A model that is judged, and how it is taken out of the runtime again. */
interface Borrowed {
  readonly opened: Pick<OpenModel, "model" | "tokenizer" | "visitors">;
  release(): void;
}

type Judge = (id: "base" | "adapted", hash: string, open: () => Promise<Borrowed>) => Promise<void>;

/** Judges models, each as a stage of its own. */
function createJudge(context: RunContext, data: RecipeData, general: readonly PerplexityDocument[]): Judge {
  const { session, runtime, recipe, signal, onProgress } = context;
  const { config } = recipe;
  const { evaluation } = config;
  return async (id, hash, open) => {
    if (evaluation === null) return;
    const options = { config, evaluation, data, general, layout: session.layout, signal, onProgress };
    const key = [
      hash,
      data.fingerprint,
      evaluation,
      config.template,
      config.name,
      config.data.groupBy,
      config.seed,
      general,
    ];
    await session.stage({
      name: `evaluate ${id}`,
      key: key as unknown as JsonValue,
      outputs: judgementFiles(id, options),
      async run() {
        const { opened, release } = await open();
        const { model, tokenizer, visitors } = opened;
        const judged: JudgedModel = { id, runtime, model, tokenizer, visitors, tokensPerRun: evaluation.tokensPerRun };
        try {
          await judgeModel(judged, options);
        } finally {
          release();
        }
        return null;
      },
    });
  };
}

/** The base with the adapter that was written, as anyone would load it. */
async function openAdapted({ runtime, toolbox }: RunContext, base: OpenModel, folder: string): Promise<Borrowed> {
  const loaded = await loadAdapter(runtime, base.model, folder, { methods: toolbox.methods.list() });
  const adapters = attachAdapters(base.model, [loaded]);
  const placed = await placeForInference(runtime, adapters, loaded.values);
  return {
    opened: { model: base.model, tokenizer: base.tokenizer, visitors: adapters.visitors(placed.placement) },
    release: placed.dispose,
  };
}

/** The fully trained model that was written. */
async function openTrained({ runtime, toolbox, recipe, signal }: RunContext, folder: string): Promise<Borrowed> {
  const { storage } = recipe.config;
  const opened = await openModel(toolbox, runtime, { model: folder, storage, prefix: "adapted/", signal });
  return { opened, release: () => disposeModel(runtime, opened.model) };
}

async function judgeBaselineStage(context: RunContext, data: RecipeData, evaluation: EvaluationConfig): Promise<void> {
  const { session, recipe } = context;
  const { config } = recipe;
  const { layout } = session;
  if (evaluation.baselines.length === 0) return;
  await session.stage({
    name: "baselines",
    key: [data.fingerprint, evaluation, config.name, config.data.groupBy, config.seed] as unknown as JsonValue,
    outputs: evaluation.baselines.flatMap((id) => [`eval/${id}.jsonl`, `eval/${id}.json`]),
    async run() {
      await judgeBaselines({ config, evaluation, data, layout });
      return null;
    },
  });
}

async function mergeStage(
  context: RunContext,
  base: OpenModel,
  folder: string,
  hashes: readonly string[],
): Promise<void> {
  const { session, runtime, recipe, toolbox } = context;
  const { merge } = recipe.config;
  if (merge === null) return;
  await session.stage({
    name: "merge",
    key: [hashes, merge] as unknown as JsonValue,
    outputs: ["merged"],
    async run() {
      const loaded = await loadAdapter(runtime, base.model, folder, { methods: toolbox.methods.list() });
      const adapters = attachAdapters(base.model, [loaded]);
      const placed = await placeForInference(runtime, adapters, loaded.values);
      const output = session.layout.merged;
      try {
        const { tensors } = await writeMerged(runtime, base.model, adapters, placed, {
          output,
          tokenizerFrom: base.tokenizerFrom,
          chatTemplate: recipe.config.template.chatTemplate,
          dtype: merge.dtype,
        });
        return tensors;
      } finally {
        placed.dispose();
      }
    },
  });
}

/** The table of a run, every number computed again from the predictions on disk. */
async function readJudgement(
  { session, recipe }: RunContext,
  evaluation: EvaluationConfig,
  general: boolean,
): Promise<{ evaluations: Evaluations; table: ResultTable }> {
  const evaluations = await readEvaluations(session.layout.evaluation, evaluation, general);
  const { part, resamples } = evaluation;
  return { evaluations, table: resultTable(evaluations, { part, resamples, seed: recipe.config.seed }) };
}

/** Evaluations from the predictions of a run folder. */
async function readEvaluations(
  pathOf: (stage: string) => string,
  evaluation: EvaluationConfig,
  general: boolean,
): Promise<Evaluations> {
  const read = (id: string): Promise<Evaluation> => recomputeFromPredictions(pathOf(id));
  const baselines = new Map<string, Evaluation>();
  if (evaluation.task === "classification") for (const id of evaluation.baselines) baselines.set(id, await read(id));
  return {
    baselines,
    base: await read("base"),
    adapted: await read("adapted"),
    baseGeneral: general ? await read("base-general") : undefined,
    adaptedGeneral: general ? await read("adapted-general") : undefined,
  };
}
