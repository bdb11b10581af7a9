import type { Model } from "@attune/models";
import { lengthBucket, powerOfTwo } from "./buckets.ts";
import { stretches } from "./rotary-inputs.ts";
import { branchTokens, type IdRow, packRuns, planDocuments, type ScoreDocument } from "./score-plan.ts";
import type { ScoreShape } from "./score-program.ts";

/** The documents of each run that rows are scored in. */
export function scoreRuns(model: Model, rows: readonly IdRow[], tokensPerRun: number): ScoreDocument[][] {
  const standsAlone = ({ promptIds, completionIds }: IdRow): boolean =>
    stretches(model, promptIds.length + completionIds.length);
  return packRuns(planDocuments(rows, standsAlone), tokensPerRun, ({ length }) => stretches(model, length));
}

/** Sizes of the program that a run needs. */
export function runShape(documents: readonly ScoreDocument[]): ScoreShape {
  const fed = documents.reduce((sum, { ids }) => sum + ids.length, 0);
  const branched = documents.reduce((sum, document) => sum + branchTokens(document), 0);
  const count = documents.reduce((sum, { targets }) => sum + targets.length, 0);
  return {
    tokens: lengthBucket(fed),
    branchTokens: branched === 0 ? 0 : lengthBucket(branched),
    targets: Math.max(16, powerOfTwo(count)),
  };
}

/** Sizes of the runs that scoring these rows takes, without running any: with `traceScores`, their bytes and FLOPs can be planned. */
export function scoreShapes(model: Model, rows: readonly IdRow[], tokensPerRun = 2048): ScoreShape[] {
  return scoreRuns(model, rows, tokensPerRun).map(runShape);
}
