import { formatCount, formatQuantity } from "@attune/spec";
import { dotWhisker } from "../charts/dot-whisker.ts";
import { formatDifference, formatInterval, formatPValue } from "../format-estimate.ts";
import type { Markup } from "../markup.ts";
import { html } from "../markup.ts";
import type { Estimate, ScoreColumn, ScoreComparison, ScoreRow, ScoreSection } from "../report-data.ts";
import { figure, section } from "./section.ts";

const TESTS = { "mcnemar-exact": "exact McNemar test", "paired-bootstrap": "paired bootstrap" } as const;
const VERDICTS = { better: "Better", worse: "Worse", undecided: "No clear difference" } as const;

function scoreCell(estimate: Estimate | undefined, column: ScoreColumn, best: boolean): Markup {
  if (estimate === undefined) return html`<td data-label="${column.title}">–</td>`;
  const { low, high } = estimate;
  const interval = low !== undefined && low === high ? "the same in every draw" : formatInterval(estimate, column.unit);
  return html`<td data-label="${column.title}"><span class="score${best && " best"}">${formatQuantity(estimate.value, column.unit)}</span>${interval !== undefined && html`<span class="interval">${interval}</span>`}${estimate.n !== undefined && html`<span class="interval">n = ${formatCount(estimate.n)}</span>`}</td>`;
}

function bestOf(rows: readonly ScoreRow[], { id, higherIsBetter }: ScoreColumn): number | undefined {
  const values = rows.flatMap(({ scores }) => scores[id]?.value ?? []);
  if (values.length < 2) return undefined;
  return values.reduce((best, value) => ((higherIsBetter ? value > best : value < best) ? value : best));
}

function scoreTable({ rows, columns, cases }: ScoreSection): Markup {
  const best = columns.map((column) => bestOf(rows, column));
  const head = columns.map(
    ({ title, higherIsBetter, unit }) =>
      html`<th scope="col">${title}<span class="direction">${unit === "bits/byte" && "bits per byte, "}${higherIsBetter ? "higher is better" : "lower is better"}</span></th>`,
  );
  const body = rows.map(
    ({ name, role, description, scores }) =>
      html`<tr class="${role}"><th scope="row"><span class="swatch ${role}" aria-hidden="true"></span>${name}${description !== undefined && html`<span class="interval">${description}</span>`}</th>${columns.map((column, index) => scoreCell(scores[column.id], column, scores[column.id]?.value === best[index]))}</tr>`,
  );
  return html`<table class="scores"><caption class="hidden">Scores on ${cases}</caption><thead><tr><th scope="col">Who answered</th>${head}</tr></thead><tbody>${body}</tbody></table>`;
}

function comparison({ title, unit, difference, low, high, pValue, test, verdict }: ScoreComparison): Markup {
  const range = `${formatDifference(low, unit).replace(/ points$/, "")} to ${formatDifference(high, unit)}`;
  return html`<li><span class="verdict ${verdict}">${VERDICTS[verdict]}</span> <strong>${title}</strong> changed by ${formatDifference(difference, unit)} <span class="muted">(${range}; ${TESTS[test]}, ${formatPValue(pValue)})</span></li>`;
}

function pictures({ rows, columns }: ScoreSection): Markup {
  return html`<div class="columns">${columns.map(({ id, title, unit, explanation }) => {
    const shown = rows.flatMap(({ name, role, scores }) => {
      const estimate = scores[id];
      return estimate === undefined ? [] : [{ name, role, estimate }];
    });
    const caption = html`<strong>${title}</strong>${explanation !== undefined && html` <span class="muted">${explanation}</span>`}`;
    return shown.length > 0 && figure(caption, dotWhisker({ title, unit, rows: shown }));
  })}</div>`;
}

/** Before and after beside the baselines, as a table and as dots with whiskers. */
export function scoresSection(scores: ScoreSection): Markup {
  const { n, cases, groups, comparisons = [], notes = [], confidence = 0.95 } = scores;
  const lead = html`Judged on ${formatCount(n)} ${cases}${groups !== undefined && groups < n && html`, from ${formatCount(groups)} independent groups`}. The range under a number is its ${formatCount(Math.round(100 * confidence))}% interval: where the true value most likely lies.`;
  return section(
    "scores",
    "Did it get better?",
    lead,
    html`${scoreTable(scores)}${comparisons.length > 0 && html`<ul class="comparisons">${comparisons.map(comparison)}</ul>`}${pictures(scores)}${notes.map((note) => html`<p class="note">${note}</p>`)}`,
  );
}
