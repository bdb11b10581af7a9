// Time: FLOPs from plans over a measured rate, for each stage. The shares were measured on configurations of other sizes than those
// of the tests; they say how far whole programs stay behind one large product.
import { countParameters } from "@attune/models";
import { promptTextOf } from "../data/row-builder.ts";
import type { StagePlan } from "../session/run-plan.ts";
import type { PlannedCosts, PredictionInputs } from "./prediction-inputs.ts";

/**
 * What whole programs reach of the measured rate of one small product, which pays for its start. Scoring seems faster than it is, as
 * plans count attention between the documents of a packed run, and kernels skip it.
 */
const efficiency = { training: 1.1, scoring: 2, decoding: 0.075 };

/** Seconds until a program is compiled and has warmed up. */
const warmUp = { training: 3, scoring: 2, decoding: 1 };

/** Seconds a character of training text and a class that the text baseline takes. */
const baselineSeconds = 4e-7;

/** Predicts the stages of a run that compute. */
export function predictTime(inputs: PredictionInputs, costs: PlannedCosts, flopsPerSecond: number): StagePlan[] {
  const { config, base } = inputs;
  const { step, steps, validationBatches, scoring, generated } = costs;
  const { training, evaluation } = config;
  const parameters = countParameters(base.model.family, base.model.config);
  const stage = (name: string, kind: keyof typeof efficiency, flops: number): StagePlan => ({
    name,
    flops,
    seconds: flops === 0 ? 0 : flops / (flopsPerSecond * efficiency[kind]) + warmUp[kind],
  });
  const looks = training.evaluateEvery === null ? 0 : Math.ceil(steps / training.evaluateEvery);
  const perStep = training.accumulation * step.forwardBackward.flops + step.update.flops;
  const sampled = training.replay?.generate;
  return [
    ...(evaluation === null ? [] : [stage("evaluate base", "scoring", scoring.base.flops)]),
    ...(sampled == null ? [] : [stage("replay", "decoding", 2 * parameters * sampled.texts * sampled.tokens)]),
    stage("train", "training", steps * perStep + looks * validationBatches * step.evaluate.flops),
    ...(evaluation === null ? [] : [stage("evaluate adapted", "scoring", scoring.adapted.flops)]),
    ...(generated.tokens === 0 ? [] : [stage("generate", "decoding", 2 * 2 * parameters * generated.tokens)]),
    ...baselineStage(inputs),
  ];
}

/** The text baseline multiplies sparse rows on the host. */
function baselineStage({ config, data }: PredictionInputs): StagePlan[] {
  const { evaluation } = config;
  if (evaluation?.task !== "classification" || !evaluation.baselines.includes("text")) return [];
  const characters = data.parts.wholeTrain.reduce((sum, record) => sum + promptTextOf(record).length, 0);
  return [
    { name: "baselines", flops: 0, seconds: characters * baselineSeconds * Math.max(1, data.labels!.length - 1) },
  ];
}
