import type { Task } from "@attune/eval-bench";
import { countParameters } from "@attune/models";
import { operandsOfProducts } from "@attune/tensor-core";
import type { TrainingExample } from "@attune/train";
import { generalTextTask } from "../evaluate/general-text.ts";
import { judgeBatchSize } from "../evaluate/judge-model.ts";
import { createTasks } from "../evaluate/judgement.ts";
import type { RunPlan } from "../session/run-plan.ts";
import { createOptimizer } from "../toolbox/toolbox.ts";
import { objectiveShape, type TrainingRowSet, trainingSource, validationSource } from "../train/run-training.ts";
import { attachMethod } from "../train/trainee.ts";
import { stepsOf } from "../train/training-steps.ts";
import { countScoring } from "./count-scoring.ts";
import { measureRate } from "./measure-rate.ts";
import { type PlannedTraining, plannedVisitors, scoringCost, trainingCost } from "./plan-steps.ts";
import { predictMemory } from "./predict-memory.ts";
import { predictTime } from "./predict-time.ts";
import type { PlannedCosts, PredictionInputs } from "./prediction-inputs.ts";

/** Predicts a run from what is loaded before step 1. Nothing is trained; a product is timed for less than a second. */
export async function predictRun(inputs: PredictionInputs): Promise<RunPlan> {
  const { config, runtime, base, rows } = inputs;
  const { training } = config;
  const { hiddenSize } = base.model.config;
  const costs = await planCosts(inputs);
  const memory = predictMemory(inputs, costs);
  const flopsPerSecond = await measureRate(runtime, hiddenSize, 3 * hiddenSize);
  const stages = predictTime(inputs, costs, flopsPerSecond);
  return {
    version: 1,
    training: {
      steps: costs.steps,
      tokensPerStep: training.rows * training.blockLength * training.accumulation,
      products: operandsOfProducts(runtime.backend.capabilities),
      dispatchesPerStep: training.accumulation * costs.step.forwardBackward.dispatches + costs.step.update.dispatches,
      rows: rows.train.length,
      tokens: rows.counts.tokens,
      trained: costs.step.trained,
      parameters: countParameters(base.model.family, base.model.config),
    },
    memory,
    time: {
      stages,
      flops: stages.reduce((sum, { flops }) => sum + flops, 0),
      seconds: stages.reduce((sum, { seconds }) => sum + seconds, 0),
      flopsPerSecond,
    },
    used: null,
  };
}

/** What is trained, from what is loaded. */
export function plannedTraining(inputs: PredictionInputs): PlannedTraining {
  const { config, toolbox, base } = inputs;
  return {
    model: base.model,
    adapters: config.method.id === "full" ? undefined : attachMethod(toolbox, base.model, config.method),
    optimizer: createOptimizer(toolbox, config),
    shape: objectiveShape(config.training, rowSetOf(inputs)),
    clipNorm: config.training.clipNorm,
  };
}

function rowSetOf(inputs: PredictionInputs): TrainingRowSet {
  const { train, validation } = inputs.rows;
  return { train, validation, replay: replayStandIns(inputs) };
}

/** Reads bytes and FLOPs off plans of everything that will be replayed. */
async function planCosts(inputs: PredictionInputs): Promise<PlannedCosts> {
  const { config, runtime, base, rows } = inputs;
  const { training, evaluation } = config;
  const planned = plannedTraining(inputs);
  const batches = { training, rows: rowSetOf(inputs), tokenizer: base.tokenizer, seed: config.seed };
  const looks = training.evaluateEvery !== null && rows.validation.length > 0;
  const asked = evaluation === null ? [] : judgingTasks(inputs);
  const count = await countScoring(asked, base, {
    batchSize: judgeBatchSize,
    tokensPerRun: evaluation?.tokensPerRun ?? 2048,
  });
  return {
    step: trainingCost(runtime, planned),
    steps: stepsOf(training, trainingSource(batches, planned.shape).batchesPerEpoch!),
    validationBatches: looks ? validationSource(batches, planned.shape).batchesPerEpoch! : 0,
    scoring: {
      base: scoringCost(runtime, base.model, base.visitors, count.shapes),
      adapted: scoringCost(runtime, base.model, plannedVisitors(planned.adapters), count.shapes),
    },
    generated: count.generated,
  };
}

/** Rows as long as those that the base will write, or all of a block where a source will give them. */
function replayStandIns({ config }: PredictionInputs): TrainingExample[] {
  const { replay, blockLength } = config.training;
  if (replay === null) return [];
  const ids = new Int32Array(Math.min(blockLength, (replay.generate?.tokens ?? blockLength) + 2));
  return Array.from({ length: replay.generate?.texts ?? 1 }, (_, index) => ({
    id: `replay/${index}`,
    ids,
    labels: ids,
  }));
}

/** Everything that one model is asked. */
function judgingTasks({ config, data, general, base }: PredictionInputs): Task[] {
  const evaluation = config.evaluation!;
  const tasks = createTasks(config, evaluation, data, base);
  return [
    ...(evaluation.calibration === "none" ? [] : [tasks("validation")]),
    tasks(evaluation.part),
    ...(general.length === 0 ? [] : [generalTextTask(general) as unknown as Task]),
  ];
}
