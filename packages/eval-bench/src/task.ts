import type { Contract, FieldPlace, JsonObject, ProgressListener } from "@attune/spec";
import type { Metric, PredictionRow } from "./metric.ts";
import type { EvaluationModel } from "./model.ts";

/** How rows become numbers. Holds plain settings, so that stored rows can be scored again without the documents. */
export interface Scoring<Row extends PredictionRow = PredictionRow> {
  /** Names the kind of rows, for example `classification`. */
  readonly kind: string;
  /** Everything beside the rows that the numbers depend on. */
  readonly settings: JsonObject;
  readonly metrics: readonly Metric<Row>[];
  /** Reads one row of a predictions file; throws FILE_CORRUPT. */
  parseRow(value: unknown, place?: FieldPlace): Row;
  /** Tables that are no single number: a confusion matrix, reliability bins, scores per class. */
  details(rows: readonly Row[], confidence: number): JsonObject;
}

/** How a task runs. */
export interface TaskRunOptions {
  /** Most completions or prompts a call of the model; 64 by default. */
  readonly batchSize?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

/** Documents, how a model is asked about them, and how its answers are scored. */
export interface Task<Row extends PredictionRow = PredictionRow> extends Contract<"task"> {
  readonly scoring: Scoring<Row>;
  /** Asks the model about every document: one row a document, in order. */
  predict(model: EvaluationModel, options?: TaskRunOptions): Promise<Row[]>;
}
