import type { JsonObject } from "@attune/spec";
import { AttuneError } from "@attune/spec";
import type { PredictionRow } from "./metric.ts";
import type { EvaluationModel } from "./model.ts";
import type { Score, StatisticsOptions } from "./score.ts";
import { scoreRows } from "./score.ts";
import { clusterRows } from "./statistics/cluster-rows.ts";
import type { Scoring, Task, TaskRunOptions } from "./task.ts";

/** Every number of one model on one task, as plain JSON. */
export interface EvaluationResult {
  readonly version: 1;
  readonly task: string;
  readonly model: string;
  /** Documents. */
  readonly n: number;
  /** Independent groups among them. */
  readonly groups: number;
  readonly scoring: { readonly kind: string; readonly settings: JsonObject };
  readonly statistics: { readonly confidence: number; readonly resamples: number; readonly seed: number };
  /** By metric id. */
  readonly scores: Readonly<Record<string, Score>>;
  /** The same metrics over documents that came through no mailing list, where rows say which did. */
  readonly withoutLists?: { readonly n: number; readonly scores: Readonly<Record<string, Score>> };
  /** Tables beside the scores; for a classification a `ClassificationDetails`. */
  readonly details: JsonObject;
}

/** A model's predictions with their numbers. */
export interface Evaluation<Row extends PredictionRow = PredictionRow> {
  readonly rows: readonly Row[];
  readonly scoring: Scoring<Row>;
  readonly result: EvaluationResult;
}

/** Asks the model about every document of the task and scores the answers. @throws AttuneError `DATA_EMPTY` for a task without documents */
export async function evaluate<Row extends PredictionRow>(
  task: Task<Row>,
  model: EvaluationModel,
  options: TaskRunOptions & StatisticsOptions = {},
): Promise<Evaluation<Row>> {
  const rows = await task.predict(model, options);
  return evaluateRows(rows, task.scoring, { ...options, task: task.id, model: model.id });
}

/** Scores rows that are already there: a baseline's, or rows read from a file. Throws DATA_EMPTY without rows. */
export function evaluateRows<Row extends PredictionRow>(
  rows: readonly Row[],
  scoring: Scoring<Row>,
  options: StatisticsOptions & { readonly task: string; readonly model: string },
): Evaluation<Row> {
  const { task, model, confidence = 0.95, resamples = 2000, seed = 0 } = options;
  if (rows.length === 0) throw new AttuneError("DATA_EMPTY", `Task ${task} has no predictions of ${model} to score.`);
  const statistics = { confidence, resamples, seed };
  const direct = rows.filter(({ list }) => list === false);
  const flagged = rows.some(({ list }) => list !== undefined);
  return {
    rows,
    scoring,
    result: {
      version: 1,
      task,
      model,
      n: rows.length,
      groups: clusterRows(rows).count,
      scoring: { kind: scoring.kind, settings: scoring.settings },
      statistics,
      scores: scoreRows(rows, scoring.metrics, statistics),
      ...(flagged && direct.length > 0
        ? { withoutLists: { n: direct.length, scores: scoreRows(direct, scoring.metrics, statistics) } }
        : {}),
      details: scoring.details(rows, confidence),
    },
  };
}
