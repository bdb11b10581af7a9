// The numbers of a run side by side, as plain values: baselines, the base, the adapted model, and what the difference is worth.
import {
  type Comparison,
  compareEvaluations,
  type Evaluation,
  type Forgetting,
  type Metric,
  measureForgetting,
  type PerplexityRow,
  type Score,
} from "@attune/eval-bench";

/** A model or baseline with its scores. */
export interface ResultRow {
  readonly id: string;
  readonly role: "baseline" | "before" | "after";
  readonly n: number;
  readonly scores: Readonly<Record<string, Score>>;
  /** The same over documents that came through no mailing list. */
  readonly withoutLists: { readonly n: number; readonly scores: Readonly<Record<string, Score>> } | undefined;
}

/** All numbers of a run. */
export interface ResultTable {
  readonly task: string;
  readonly part: string;
  readonly n: number;
  /** Independent groups among the documents. */
  readonly groups: number;
  /** What to bear in mind when reading the numbers, as sentences. */
  readonly cautions: readonly string[];
  readonly columns: readonly Pick<Metric, "id" | "title" | "unit" | "higherIsBetter">[];
  readonly rows: readonly ResultRow[];
  /** The adapted model against the base. */
  readonly comparisons: readonly Comparison[];
  readonly general: Forgetting | undefined;
}

/** Evaluations of a run by what they are of. */
export interface Evaluations {
  readonly baselines: ReadonlyMap<string, Evaluation>;
  readonly base: Evaluation | undefined;
  readonly adapted: Evaluation | undefined;
  readonly baseGeneral: Evaluation | undefined;
  readonly adaptedGeneral: Evaluation | undefined;
}

/** How a table is made. */
interface TableOptions {
  readonly part: string;
  readonly resamples: number;
  readonly seed: number;
  /** Sentences in front of those that the evaluations call for. */
  readonly cautions?: readonly string[] | undefined;
}

/** Puts evaluations side by side. */
export function resultTable(
  evaluations: Evaluations,
  { part, resamples, seed, cautions = [] }: TableOptions,
): ResultTable {
  const { baselines, base, adapted, baseGeneral, adaptedGeneral } = evaluations;
  const first = base ?? adapted!;
  const row = (id: string, role: ResultRow["role"], { result }: Evaluation): ResultRow => ({
    id,
    role,
    n: result.n,
    scores: result.scores,
    withoutLists: result.withoutLists,
  });
  return {
    task: first.result.task,
    part,
    n: first.result.n,
    groups: first.result.groups,
    cautions: [...cautions, ...cautionsOf(first.result)],
    columns: first.scoring.metrics.map(({ id, title, unit, higherIsBetter }) => ({ id, title, unit, higherIsBetter })),
    rows: [
      ...[...baselines].map(([id, evaluation]) => row(id, "baseline", evaluation)),
      ...(base === undefined ? [] : [row("base", "before", base)]),
      ...(adapted === undefined ? [] : [row("adapted", "after", adapted)]),
    ],
    comparisons: base && adapted ? compareEvaluations(base, adapted, { resamples, seed }) : [],
    general:
      baseGeneral && adaptedGeneral
        ? measureForgetting(perplexityRows(baseGeneral), perplexityRows(adaptedGeneral), { resamples, seed })
        : undefined,
  };
}

/** Of fewer groups, intervals by resampling are clearly too narrow: of normal values, those of 95 % hold the truth in 84 % of cases with 5, in 89 % with 10. */
const fewGroups = 10;

function cautionsOf({ groups, scoring }: Evaluation["result"]): string[] {
  const leftOut = Number(scoring.settings["leftOut"] ?? 0);
  const few = `Judged on ${groups} independent ${groups === 1 ? "record" : "records or groups"} alone: the intervals are too narrow, and another part may say otherwise.`;
  const long = `Not judged: ${leftOut} ${leftOut === 1 ? "record" : "records"} too long for the context.`;
  return [...(groups < fewGroups ? [few] : []), ...(leftOut > 0 ? [long] : [])];
}

function perplexityRows({ rows }: Evaluation): readonly PerplexityRow[] {
  return rows as unknown as readonly PerplexityRow[];
}
