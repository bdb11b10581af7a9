import { formatQuantity } from "@attune/spec";
import { bar } from "../charts/bar-list.ts";
import type { Markup } from "../markup.ts";
import { html } from "../markup.ts";
import type { ResourceRow, ResourceSection, TimeShare } from "../report-data.ts";
import { section, table } from "./section.ts";

const milliseconds = (seconds: number): string => `${(1000 * seconds).toFixed(1)} ms`;

function deviation({ predicted, used }: ResourceRow): string {
  if (predicted === undefined || used === undefined || predicted === 0) return "–";
  const share = used / predicted - 1;
  return `${share < 0 ? "" : "+"}${formatQuantity(share, "share")}`;
}

function shareList(title: string, shares: readonly TimeShare[], show: (seconds: number) => string): Markup {
  const whole = Math.max(
    1e-9,
    shares.reduce((sum, { seconds }) => sum + seconds, 0),
  );
  return html`<h3>${title}</h3><ol class="funnel compact">${shares.map(
    ({ name, seconds }) =>
      html`<li><div class="stage-head"><strong>${name}</strong><span class="stage-count">${show(seconds)} <span class="muted">${((100 * seconds) / whole).toFixed(0)}%</span></span></div>${bar(seconds / whole, "accent")}</li>`,
  )}</ol>`;
}

/** Memory and time, predicted before step 1 and then used. */
export function resourcesSection({ rows, stages = [], step }: ResourceSection): Markup {
  const show = (value: number | undefined, { unit }: ResourceRow): string =>
    value === undefined ? "–" : formatQuantity(value, unit);
  return section(
    "resources",
    "Memory and time",
    "The prediction was written before the first step.",
    html`${table(
      "Predicted and used resources",
      ["", "predicted", "used", "difference"],
      rows.map((row) => [row.name, show(row.predicted, row), show(row.used, row), deviation(row)]),
    )}${stages.length > 0 && shareList("Where the time went", stages, (seconds) => formatQuantity(seconds, "seconds"))}${
      step &&
      html`${shareList("Where the time of a training step went", step.parts, milliseconds)}<p class="muted">${step.note}</p>`
    }`,
  );
}
