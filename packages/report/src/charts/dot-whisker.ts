import type { Unit } from "@attune/spec";
import { formatQuantity } from "@attune/spec";
import { formatInterval } from "../format-estimate.ts";
import type { Markup } from "../markup.ts";
import { html } from "../markup.ts";
import type { Estimate, ScoreRow } from "../report-data.ts";
import { CHART_WIDTH, chart, horizontalAxis } from "./frame.ts";
import type { Scale } from "./scale.ts";
import { extentOf, linearScale } from "./scale.ts";

/** One estimate with its name. */
export interface DotWhiskerRow {
  readonly name: string;
  readonly role: ScoreRow["role"];
  readonly estimate: Estimate;
}

const ROW_HEIGHT = 42;

function drawRow({ name, role, estimate }: DotWhiskerRow, index: number, x: Scale, unit: Unit): Markup {
  const middle = index * ROW_HEIGHT + 30;
  const { value, low, high } = estimate;
  const interval = formatInterval(estimate, unit);
  const whisker =
    low !== undefined &&
    high !== undefined &&
    html`<path class="whisker ${role}" d="M${x(low)} ${middle}H${x(high)}M${x(low)} ${middle - 5}v10M${x(high)} ${middle - 5}v10"/>`;
  return html`<g><title>${name}: ${formatQuantity(value, unit)}${interval !== undefined && ` (${interval})`}</title>
    <text class="row-name" x="0" y="${middle - 14}">${name}</text><text class="row-value" x="${CHART_WIDTH}" y="${middle - 14}" text-anchor="end">${formatQuantity(value, unit)}</text>
    <line class="grid" x1="4" x2="${CHART_WIDTH - 4}" y1="${middle}" y2="${middle}"/>${whisker}<circle class="dot ${role}" cx="${x(value)}" cy="${middle}" r="6"/></g>`;
}

/** Estimates under each other, a dot for the value and a whisker for the interval. */
export function dotWhisker(options: {
  readonly title: string;
  readonly unit: Unit;
  readonly rows: readonly DotWhiskerRow[];
}): Markup {
  const { title, unit, rows } = options;
  const factor = unit === "share" ? 100 : 1;
  const values = rows.flatMap(({ estimate: { value, low = value, high = value } }) => [
    low * factor,
    value * factor,
    high * factor,
  ]);
  const scale = linearScale(extentOf(values), [16, CHART_WIDTH - 16], { ticks: 5 });
  const x: Scale = Object.assign((value: number) => scale(value * factor), {
    ticks: scale.ticks.map((tick) => tick / factor),
    labels: scale.labels.map((label) => (unit === "share" ? `${label}%` : label)),
  });
  const bottom = rows.length * ROW_HEIGHT + 2;
  const description = rows.map(({ name, estimate }) => `${name} ${formatQuantity(estimate.value, unit)}`).join(", ");
  return chart({
    height: bottom + 24,
    title,
    description,
    body: html`${horizontalAxis(x, 0, bottom)}${rows.map((row, index) => drawRow(row, index, x, unit))}`,
  });
}
