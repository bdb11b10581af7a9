import type { AdaptResult } from "@attune/recipe";
import { formatCount } from "../terminal/format-number.ts";

/** What training did, in a line or two. */
export function describeTraining(result: AdaptResult): string {
  const { steps, skippedSteps, stoppedEarly, best, trainedTokens, trainable, parameters } = result;
  const notes = [
    `${formatCount(steps)} steps`,
    `${formatCount(trainedTokens)} trained tokens`,
    `${formatCount(trainable)} of ${formatCount(parameters)} parameters (${((100 * trainable) / parameters).toFixed(2)} %)`,
  ];
  if (skippedSteps > 0) notes.push(`${skippedSteps} steps skipped because their gradient was not finite`);
  if (stoppedEarly) notes.push("stopped early");
  const looked = best === null ? "" : `\nbest validation loss ${best.loss.toFixed(4)} at step ${best.step}`;
  return `trained: ${notes.join(", ")}${looked}`;
}
