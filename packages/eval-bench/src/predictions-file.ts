import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { readJson, readJsonLines, writeFileAtomic, writeJsonAtomic } from "@attune/run-folder";
import type { JsonObject, JsonValue } from "@attune/spec";
import { AttuneError } from "@attune/spec";
import { restoreClassificationScoring } from "./classification/classification-scoring.ts";
import type { Evaluation, EvaluationResult } from "./evaluation.ts";
import { evaluateRows } from "./evaluation.ts";
import { createGenerationScoring } from "./generation/generation-scoring.ts";
import type { PredictionRow } from "./metric.ts";
import { createPerplexityScoring } from "./perplexity/perplexity-scoring.ts";
import type { Scoring } from "./task.ts";

/** Path of the results that stand beside a predictions file: `eval/base.jsonl` has `eval/base.json`. */
function resultsPathOf(predictionsPath: string): string {
  if (predictionsPath.endsWith(".jsonl")) return predictionsPath.slice(0, -1);
  throw new AttuneError("OPTIONS_INVALID", `A predictions file is named *.jsonl, received ${predictionsPath}.`);
}

/**
 * Writes the rows as JSON lines and the result beside them (`.json`), each atomically, making the folder. The rows are
 * written first, so a result never stands without its rows.
 *
 * @throws AttuneError `OPTIONS_INVALID` for a path that does not end in `.jsonl`
 */
export async function writeEvaluation<Row extends PredictionRow>(
  predictionsPath: string,
  evaluation: Evaluation<Row>,
): Promise<void> {
  const resultsPath = resultsPathOf(predictionsPath);
  await mkdir(dirname(predictionsPath), { recursive: true });
  await writeFileAtomic(predictionsPath, evaluation.rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  await writeJsonAtomic(resultsPath, evaluation.result as unknown as JsonValue);
}

/** Builds a scoring from stored settings; third-party tasks bring their own. */
export type RestoreScoring = (settings: JsonObject) => Scoring;

const builtIn: Readonly<Record<string, RestoreScoring>> = {
  classification: restoreClassificationScoring,
  perplexity: createPerplexityScoring,
  generation: ({ slots, leftOut }) =>
    createGenerationScoring({ slots: slots === true, leftOut: typeof leftOut === "number" ? leftOut : 0 }),
};

/**
 * Computes every number again from the predictions alone; only the settings (labels, calibration, seed) are taken from
 * the results file. Throws FILE_CORRUPT for a row that does not fit, ID_UNKNOWN for a kind of rows nobody can read.
 */
export async function recomputeFromPredictions(
  predictionsPath: string,
  restore: Readonly<Record<string, RestoreScoring>> = {},
): Promise<Evaluation> {
  const resultsPath = resultsPathOf(predictionsPath);
  const stored = checkResult(await readJson(resultsPath), resultsPath);
  const known: Readonly<Record<string, RestoreScoring>> = { ...builtIn, ...restore };
  const { kind, settings } = stored.scoring;
  if (!Object.hasOwn(known, kind)) {
    throw new AttuneError(
      "ID_UNKNOWN",
      `Rows of kind "${kind}" in ${predictionsPath} can be scored by none of [${Object.keys(known).join(", ")}].`,
      {
        hint: "Give the function that restores the scoring of that task.",
      },
    );
  }
  const scoring = known[kind]!(settings);
  const rows: PredictionRow[] = [];
  const seen = new Set<string>();
  for await (const { value, line } of readJsonLines(predictionsPath)) {
    const row = scoring.parseRow(value, { file: predictionsPath, line });
    if (seen.has(row.id)) {
      throw new AttuneError("FILE_CORRUPT", `Line ${line} of ${predictionsPath} repeats the id "${row.id}".`, {
        details: { file: predictionsPath, line, key: "id" },
      });
    }
    seen.add(row.id);
    rows.push(row);
  }
  return evaluateRows(rows, scoring, { ...stored.statistics, task: stored.task, model: stored.model });
}

function checkResult(value: JsonValue, path: string): EvaluationResult {
  const result = value as Partial<EvaluationResult> | null;
  const statistics = result?.statistics;
  const complete =
    result?.version === 1 &&
    typeof result.task === "string" &&
    typeof result.model === "string" &&
    typeof result.scoring?.kind === "string" &&
    typeof result.scoring.settings === "object" &&
    result.scoring.settings !== null &&
    [statistics?.confidence, statistics?.resamples, statistics?.seed].every(Number.isFinite);
  if (!complete) {
    throw new AttuneError("FILE_CORRUPT", `Expected the results of an evaluation (version 1) in ${path}.`, {
      details: { file: path },
    });
  }
  return result as EvaluationResult;
}
