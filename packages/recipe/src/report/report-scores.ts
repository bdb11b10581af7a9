// The parts of a report that say how good the model is, from the table of a run.
import {
  type ClassificationDetails,
  type ClassificationRow,
  changedExamples,
  type Evaluation,
} from "@attune/eval-bench";
import type {
  ChangedDocument,
  ChangeSection,
  ForgettingSection,
  MistakeSection,
  ScoreColumn,
  ScoreRow,
  ScoreSection,
  Tile,
} from "@attune/report";
import type { Unit } from "@attune/spec";
import type { RecipeConfig } from "../config/recipe-config.ts";
import type { Evaluations, ResultRow, ResultTable } from "../evaluate/result-table.ts";

/** Names of the rows for a reader who knows none of them. */
const rowNames: Readonly<Record<string, string>> = {
  majority: "Always the most frequent label",
  text: "Word counts (TF-IDF, logistic regression)",
  base: "Base model",
  adapted: "Adapted model",
};

/** Metrics that are shown, in their order, and what each says. */
const explanations: Readonly<Record<string, string>> = {
  accuracy: "Share of right answers.",
  f1: "Balance of precision and recall for the label looked for.",
  macroF1: "F1 of each label, all labels counting the same.",
  slotCoverage: "Share of the required values that the text says.",
  referenceBitsPerByte: "Bits needed for a byte of what people wrote; lower is better.",
  bitsPerByte: "Bits needed for a byte of unseen text; lower is better.",
};

/** Longest text of an example, in characters. */
const exampleLength = 700;

/** Before and after, beside the baselines. */
export function scoreSection(table: ResultTable, unit: string): ScoreSection {
  const shown = table.columns.filter(({ id }) => explanations[id] !== undefined && !(id === "macroF1" && hasF1(table)));
  const lists = table.rows.some(({ withoutLists }) => withoutLists !== undefined);
  const columns: ScoreColumn[] = shown.map((column) => ({ ...column, explanation: explanations[column.id] }));
  const direct: ScoreColumn = {
    id: "accuracyWithoutLists",
    title: "Accuracy without lists",
    unit: "share",
    higherIsBetter: true,
    explanation: `Only ${unit} that came through no mailing list: those give themselves away least.`,
  };
  return {
    cases: `${unit} that nobody trained on (${table.part} part)`,
    n: table.n,
    groups: table.groups,
    columns: lists ? [columns[0]!, direct, ...columns.slice(1)] : columns,
    rows: table.rows.map(scoreRow),
    notes: table.cautions,
    comparisons: table.comparisons
      .filter(({ metric }) => shown.some(({ id }) => id === metric))
      .map((comparison) => ({ ...comparison, unit: unitOf(table, comparison.metric) })),
  };
}

function hasF1({ columns }: ResultTable): boolean {
  return columns.some(({ id }) => id === "f1");
}

function unitOf({ columns }: ResultTable, metric: string): Unit {
  return columns.find(({ id }) => id === metric)?.unit ?? "number";
}

function scoreRow({ id, role, scores, withoutLists }: ResultRow): ScoreRow {
  const direct = withoutLists?.scores["accuracy"];
  return {
    name: rowNames[id] ?? id,
    role,
    scores: direct === undefined ? scores : { ...scores, accuracyWithoutLists: direct },
  };
}

/** The large numbers at the top. */
export function scoreTiles(table: ResultTable, maxRatio: number | undefined): Tile[] {
  const first = table.columns[0]!;
  const find = (role: ResultRow["role"]): ResultRow | undefined => table.rows.find((row) => row.role === role);
  const [before, after] = [find("before"), find("after")!];
  const { unit } = first;
  const tiles: Tile[] = [
    {
      label: first.title,
      value: { value: after.scores[first.id]!.value, unit },
      before: before && { value: before.scores[first.id]!.value, unit },
      note: `on ${table.n} unseen cases`,
      tone: toneOf(table),
    },
  ];
  const direct = after.withoutLists;
  if (direct?.scores["accuracy"] !== undefined) {
    const value = before?.withoutLists?.scores["accuracy"]?.value;
    tiles.push({
      label: "Without mailing lists",
      value: { value: direct.scores["accuracy"].value, unit: "share" },
      before: value === undefined ? undefined : { value, unit: "share" },
      note: `on ${direct.n} of them`,
    });
  }
  if (table.general !== undefined) {
    const { value } = table.general.perplexityRatio;
    tiles.push({
      label: "Perplexity on general text",
      value: { value, unit: "ratio" },
      note: "after over before; 1 forgets nothing",
      tone: maxRatio === undefined ? "neutral" : value <= maxRatio ? "good" : "bad",
    });
  }
  return tiles;
}

function toneOf({ comparisons }: ResultTable): Tile["tone"] {
  const verdict = comparisons[0]?.verdict;
  return verdict === "better" ? "good" : verdict === "worse" ? "bad" : "neutral";
}

/** Confusion matrices and reliability of base and adapted model; undefined where nothing was chosen between labels. */
export function mistakeSection({ base, adapted }: Evaluations): MistakeSection | undefined {
  const judged = [
    { title: "Base model", evaluation: base },
    { title: "Adapted model", evaluation: adapted },
  ].flatMap(({ title, evaluation }) =>
    evaluation?.scoring.kind === "classification"
      ? [{ title, details: evaluation.result.details as unknown as ClassificationDetails, evaluation }]
      : [],
  );
  if (judged.length === 0) return undefined;
  return {
    confusions: judged.map(({ title, details }) => ({ title, ...details.confusion })),
    reliability: judged.map(({ title, details, evaluation }) => ({
      title,
      bins: details.reliability,
      error: evaluation.result.scores["ece"],
    })),
  };
}

/** Documents whose answer went from wrong to right or back. */
export function changeSection(
  { base, adapted }: Evaluations,
  textOf: (id: string) => string,
  { report }: RecipeConfig,
): ChangeSection | undefined {
  if (base?.scoring.kind !== "classification" || adapted === undefined) return undefined;
  const { gained, lost } = changedExamples(rowsOf(base), rowsOf(adapted));
  const show = (examples: typeof gained): readonly ChangedDocument[] =>
    examples.slice(0, report.examples).map((example) => ({ ...example, text: shorten(textOf(example.id)) }));
  return {
    fixed: { total: gained.length, shown: show(gained) },
    broken: { total: lost.length, shown: show(lost) },
  };
}

function rowsOf({ rows }: Evaluation): readonly ClassificationRow[] {
  return rows as unknown as readonly ClassificationRow[];
}

function shorten(text: string): string {
  return text.length <= exampleLength ? text : `${text.slice(0, exampleLength)}…`;
}

/** What adapting cost on general text. */
export function forgettingSection(
  table: ResultTable,
  text: string,
  limit: number | undefined,
): ForgettingSection | undefined {
  return table.general && { text, ...table.general, limit };
}
