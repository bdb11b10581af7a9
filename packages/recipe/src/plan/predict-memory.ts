// Peak resident memory: what the process holds when data, tokenizer and model are loaded (measured), what the device will hold on
// top (exact, from plans), and what the host will hold to write checkpoints and to fit the text baseline.
import { memoryUsage, resourceUsage } from "node:process";
import { textBaselineBytes } from "@attune/eval-bench";
import { promptTextOf } from "../data/row-builder.ts";
import type { MemoryPart } from "../session/run-plan.ts";
import type { ProgramCost } from "./plan-steps.ts";
import type { PlannedCosts, PredictionInputs } from "./prediction-inputs.ts";

/** What the engine adds while programs are compiled and replayed: code, plans, garbage between collections. */
const engineBytes = 64 * 2 ** 20;

/** Sequences that are sampled, and answered, side by side. */
const decodingRows = { sampled: 32, answered: 16 };

/** Predicts the peak of a run in this process. */
export function predictMemory(
  inputs: PredictionInputs,
  costs: PlannedCosts,
): { readonly parts: readonly MemoryPart[]; readonly peakBytes: number } {
  const { config } = inputs;
  const { step, scoring } = costs;
  const watched = config.training.evaluateEvery !== null;
  const programs = [step.forwardBackward, step.update, ...(watched ? [step.evaluate] : [])];
  const buffers = step.stateBytes / 4 / step.elements;
  const parts = [
    { name: "process with data and model, measured", bytes: memoryUsage.rss() },
    { name: "compiled programs and garbage", bytes: engineBytes },
    { name: "trained parameters, gradients, optimizer", bytes: step.stateBytes },
    { name: "activations", bytes: arenaBytes(scoring, programs) },
    {
      name: "transfers",
      bytes: Math.max(...[scoring.base, scoring.adapted, ...programs].map(({ stagingBytes }) => stagingBytes)),
    },
    { name: "key-value cache", bytes: decodingBytes(inputs, costs) },
    { name: "checkpoint on its way to the disk", bytes: 4 * step.elements * (buffers - 1 + (watched ? 1 : 0)) },
    { name: "fitting the text baseline", bytes: baselineBytes(inputs) },
  ].filter(({ bytes }) => bytes > 0);
  const sum = parts.reduce((total, { bytes }) => total + bytes, 0);
  return { parts, peakBytes: Math.max(sum, resourceUsage().maxRSS * 1024) };
}

/**
 * The arena of judging the base, and behind the State of training that of a step, if it is larger: an arena that grows leaves its
 * old range behind. When training has freed its State, judging the trained model takes all of that range anew, and more if it has to.
 */
function arenaBytes({ base, adapted }: PlannedCosts["scoring"], programs: readonly ProgramCost[]): number {
  const training = Math.max(...programs.map((program) => program.arenaBytes));
  const trained = training > base.arenaBytes ? base.arenaBytes + training : base.arenaBytes;
  return Math.max(trained, adapted.arenaBytes);
}

function decodingBytes({ config, base }: PredictionInputs, { generated }: PlannedCosts): number {
  const { blockCount, keyValueHeads, headDimension } = base.model.config;
  const rowBytes = 2 * 4 * blockCount * keyValueHeads * headDimension;
  const sampled = config.training.replay?.generate;
  const tokens = Math.max(
    sampled == null ? 0 : decodingRows.sampled * (sampled.tokens + 1),
    Math.min(decodingRows.answered, generated.prompts) * generated.longest,
  );
  return tokens * rowBytes;
}

/** Fitting the text baseline, which is judged last, in the memory of the host. */
function baselineBytes({ config, data }: PredictionInputs): number {
  const { evaluation } = config;
  if (evaluation?.task !== "classification" || !evaluation.baselines.includes("text")) return 0;
  return textBaselineBytes(data.parts.wholeTrain.map(promptTextOf), data.labels!.length);
}
