import type { Markup, MarkupValue } from "../markup.ts";
import { html } from "../markup.ts";
import type { Scale } from "./scale.ts";

/** Charts share one narrow width, so that their letters stay readable on a phone, where they fill the screen. */
export const CHART_WIDTH = 380;

/** An SVG picture with a title and description for those who cannot see it. */
export function chart(options: {
  readonly height: number;
  readonly title: string;
  readonly description: string;
  readonly body: MarkupValue;
  readonly width?: number;
}): Markup {
  const { height, title, description, body, width = CHART_WIDTH } = options;
  return html`<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}. ${description}" xmlns="http://www.w3.org/2000/svg">${body}</svg>`;
}

/** Horizontal grid lines with their labels at the left. */
export function horizontalGrid(y: Scale, left: number, right: number): Markup {
  return html`${y.ticks.map(
    (tick, index) =>
      html`<line class="grid" x1="${left}" x2="${right}" y1="${y(tick)}" y2="${y(tick)}"/><text class="tick" x="${left - 8}" y="${y(tick) + 4}" text-anchor="end">${y.labels[index]}</text>`,
  )}`;
}

/** Labels below the x axis, without lines unless `lines`. */
export function horizontalAxis(x: Scale, top: number, bottom: number, lines = false): Markup {
  return html`${x.ticks.map(
    (tick, index) =>
      html`${lines && html`<line class="grid" x1="${x(tick)}" x2="${x(tick)}" y1="${top}" y2="${bottom}"/>`}<text class="tick" x="${x(tick)}" y="${bottom + 17}" text-anchor="middle">${x.labels[index]}</text>`,
  )}`;
}
