import type { AdaptResult } from "@attune/recipe";
import { formatCount, formatQuantity } from "@attune/spec";

/** What training did, in a line or two. */
export function describeTraining(result: AdaptResult): string {
  const { steps, skippedSteps, stoppedEarly, best, trainedTokens, trainable, parameters, rows } = result;
  const notes = [
    `${formatCount(rows.kept)} rows`,
    `${formatCount(steps)} steps`,
    `${formatCount(trainedTokens)} trained tokens`,
    `${formatCount(trainable)} of ${formatCount(parameters)} parameters (${formatQuantity(trainable / parameters, "share")})`,
  ];
  if (rows.maskedOut > 0) notes.push(`${formatCount(rows.maskedOut)} rows left out because nothing in them is trained`);
  if (rows.long.dropped > 0) notes.push(`${formatCount(rows.long.dropped)} rows left out, longer than a packed row`);
  if (rows.long.cut > 0) notes.push(`${formatCount(rows.long.cut)} rows cut at their end, longer than a packed row`);
  if (rows.truncated > 0) notes.push(`${formatCount(rows.truncated)} rows cut to the longest prompt`);
  if (skippedSteps > 0)
    notes.push(`${skippedSteps} steps left out: their gradient was not finite, or nothing in them is trained`);
  if (stoppedEarly) notes.push("stopped early");
  const looked = best === null ? "" : `\nbest validation loss ${best.loss.toFixed(4)} at step ${best.step}`;
  return `trained: ${notes.join(", ")}${looked}`;
}
