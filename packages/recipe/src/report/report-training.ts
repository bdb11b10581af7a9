import type { CurvePoint, Fact, TrainingSection } from "@attune/report";
import { readJsonLines } from "@attune/run-folder";
import { formatCount, type JsonObject } from "@attune/spec";
import type { AdaptResult } from "../train/adapt.ts";

/** The course of training, from `metrics.jsonl` and what was trained. */
export async function trainingSection(metrics: string, result: AdaptResult): Promise<TrainingSection> {
  const lines: JsonObject[] = [];
  for await (const { value } of readJsonLines(metrics)) lines.push(value as JsonObject);
  const curve = (name: string): CurvePoint[] =>
    lines.flatMap((line) =>
      typeof line[name] === "number" ? [{ step: Number(line["step"]), value: line[name] as number }] : [],
    );
  const validation = curve("validation.loss");
  return {
    train: curve("loss"),
    validation: validation.length === 0 ? undefined : validation,
    learningRate: curve("learningRate"),
    bestStep: result.best?.step,
    facts: trainingFacts(result),
  };
}

function trainingFacts(result: AdaptResult): Fact[] {
  const { rows, trainable, parameters } = result;
  const fact = (name: string, value: string, shown = true): Fact[] => (shown ? [{ name, value }] : []);
  return [
    ...fact("Trained parameters", `${formatCount(trainable)} of ${formatCount(parameters)}`),
    ...fact("Steps", formatCount(result.steps)),
    ...fact("Steps skipped (gradient not finite)", formatCount(result.skippedSteps), result.skippedSteps > 0),
    ...fact("Stopped early", "yes", result.stoppedEarly),
    ...fact("Training rows", formatCount(rows.kept)),
    ...fact("Rows left out: no token of them is trained", formatCount(rows.maskedOut), rows.maskedOut > 0),
    ...fact("Rows left out: longer than a packed row", formatCount(rows.long.dropped), rows.long.dropped > 0),
    ...fact("Rows cut at their end: longer than a packed row", formatCount(rows.long.cut), rows.long.cut > 0),
    ...fact("Rows cut to the longest prompt", formatCount(rows.truncated), rows.truncated > 0),
    ...fact("Rows of general text against forgetting", formatCount(result.replayRows), result.replayRows > 0),
    ...fact("Tokens trained on", formatCount(result.trainedTokens)),
  ];
}
