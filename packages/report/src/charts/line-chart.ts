import type { Markup } from "../markup.ts";
import { html, renderMarkup } from "../markup.ts";
import type { CurvePoint } from "../report-data.ts";
import { CHART_WIDTH, chart, horizontalAxis, horizontalGrid } from "./frame.ts";
import type { Scale } from "./scale.ts";
import { extentOf, linearScale } from "./scale.ts";
import { bucketMeans, smooth } from "./smooth.ts";

/** One line of a chart. */
export interface LineSeries {
  readonly name: string;
  readonly points: readonly CurvePoint[];
  /** `faint` is noisy and is drawn thin under its smoothed copy; `marked` has a dot with a tooltip at each point. */
  readonly look: "faint" | "marked" | "plain";
  readonly tone: "after" | "before" | "accent";
}

const path = (points: readonly CurvePoint[], x: Scale, y: Scale): string =>
  points.map(({ step, value }, index) => `${index === 0 ? "M" : "L"}${x(step)} ${y(value)}`).join("");

function drawSeries({ points, look, tone, name }: LineSeries, x: Scale, y: Scale): Markup {
  const buckets = bucketMeans(points, 300);
  if (look === "faint") {
    return html`<path class="line faint ${tone}" d="${path(buckets, x, y)}"/><path class="line ${tone}" d="${path(smooth(buckets), x, y)}"/>`;
  }
  const dots =
    look === "marked" &&
    points.map(
      ({ step, value }) =>
        html`<circle class="dot ${tone}" cx="${x(step)}" cy="${y(value)}" r="3.5"><title>${name} ${value.toFixed(4)} at step ${step}</title></circle>`,
    );
  return html`<path class="line ${tone}" d="${path(buckets, x, y)}"/>${dots}`;
}

/** What a chart of lines shows. */
export interface LineChartOptions {
  readonly title: string;
  /** Name of the vertical axis. */
  readonly yLabel: string;
  readonly series: readonly LineSeries[];
  /** Size in the units of the picture. Default 380 x 250. */
  readonly width?: number;
  readonly height?: number;
  /** A step with a line of its own. */
  readonly mark?: { readonly step: number; readonly label: string } | undefined;
}

/** Lines over optimizer steps, with a legend and, if given, a marked step. */
export function lineChart(options: LineChartOptions): Markup {
  const { title, yLabel, width = CHART_WIDTH, height = 250, mark } = options;
  const series = options.series
    .map((line) => ({
      ...line,
      points: line.points.filter(({ step, value }) => Number.isFinite(step) && Number.isFinite(value)),
    }))
    .filter(({ points }) => points.length > 0);
  const [left, right, top, bottom] = [52, width - 14, 34, height - 38];
  const shown = series.flatMap(({ points, look }) => (look === "faint" ? smooth(bucketMeans(points, 300)) : points));
  const x = linearScale(extentOf(series.flatMap(({ points }) => points.map(({ step }) => step))), [left, right], {
    nice: false,
  });
  const y = linearScale(extentOf(shown.map(({ value }) => value)), [bottom, top], { ticks: 6 });
  const description = series
    .map(
      ({ name, points }) =>
        `${name}: from ${points[0]!.value.toPrecision(4)} to ${points.at(-1)!.value.toPrecision(4)} over ${points.length} points`,
    )
    .join("; ");
  const body = html`
    <text class="axis-name" x="${left - 44}" y="14">${yLabel}</text>
    ${series.length > 1 && legend(series, width)}
    ${horizontalGrid(y, left, right)}${horizontalAxis(x, top, bottom)}
    <text class="axis-name" x="${right}" y="${height - 4}" text-anchor="end">step</text>
    ${mark !== undefined && html`<line class="mark" x1="${x(mark.step)}" x2="${x(mark.step)}" y1="${top}" y2="${bottom}"><title>${mark.label}</title></line><text class="tick" x="${x(mark.step)}" y="${top - 4}" text-anchor="${x(mark.step) > width / 2 ? "end" : "start"}">${mark.label}</text>`}
    <svg x="${left}" y="${top - 6}" width="${right - left + 8}" height="${bottom - top + 12}" viewBox="${left} ${top - 6} ${right - left + 8} ${bottom - top + 12}">${series.map((line) => drawSeries(line, x, y))}</svg>`;
  return chart({ width, height, title, description, body });
}

/**
 * The chart as the text of an SVG element, for pages that draw it themselves. Lines have the classes `line` and their tone, text
 * `tick` and `axis-name`, so that the page's style gives the colours.
 */
export function renderLineChart(options: LineChartOptions): string {
  return renderMarkup(lineChart(options));
}

function legend(series: readonly LineSeries[], width: number): Markup {
  return html`${series.map(({ name, tone }, index) => {
    const x = width - 14 - (series.length - index) * 100;
    return html`<line class="line ${tone}" x1="${x}" x2="${x + 18}" y1="10" y2="10"/><text class="tick" x="${x + 24}" y="14">${name}</text>`;
  })}`;
}
