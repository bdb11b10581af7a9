import { formatCount, formatQuantity } from "@attune/spec";
import { heatMap } from "../charts/heat-map.ts";
import { reliabilityDiagram } from "../charts/reliability-diagram.ts";
import { formatInterval } from "../format-estimate.ts";
import type { Markup } from "../markup.ts";
import { html } from "../markup.ts";
import type { ConfusionTable, MistakeSection, ReliabilityTable } from "../report-data.ts";
import { figure, section, table } from "./section.ts";

/** The cells off the diagonal, largest first. */
function mixUps({ labels, counts, title }: ConfusionTable): Markup | undefined {
  const cells = counts.flatMap((row, actual) => row.map((count, predicted) => ({ count, actual, predicted })));
  const wrong = cells.filter(({ count, actual, predicted }) => count > 0 && actual !== predicted);
  if (labels.length <= 4 || wrong.length === 0) return undefined;
  const rows = wrong
    .toSorted((a, b) => b.count - a.count)
    .slice(0, 8)
    .map(({ count, actual, predicted }) => [labels[actual], labels[predicted], formatCount(count)]);
  return table(`Most frequent mistakes: ${title}`, ["was", "taken for", "times"], rows);
}

function confusion(matrix: ConfusionTable): Markup {
  return figure(html`<strong>${matrix.title}</strong>`, html`${heatMap(matrix)}${mixUps(matrix)}`);
}

function reliability(own: ReliabilityTable, index: number, all: readonly ReliabilityTable[]): Markup {
  const { title, error } = own;
  const interval = error === undefined ? undefined : formatInterval(error, "share");
  const caption = html`<strong>${title}</strong>${error !== undefined && html` <span class="muted">calibration error ${formatQuantity(error.value, "share")}${interval !== undefined && html` (${interval})`}</span>`}`;
  return figure(caption, reliabilityDiagram(own, index === all.length - 1 && all.length > 1 ? "after" : "before"));
}

/** Confusion matrices and reliability, before and after side by side. */
export function mistakesSection({ confusions, reliability: tables = [] }: MistakeSection): Markup {
  return section(
    "mistakes",
    "Which mistakes are left?",
    "A row is what a document was, a column what the model said. Right answers lie on the diagonal; shades are shares of the row.",
    html`<div class="columns">${confusions.map(confusion)}</div>${
      tables.length > 0 &&
      html`<h3>Does it know when it is unsure?</h3><p class="muted">Answers are put together by how sure the model said it was. On the dashed line, 80% sure means right 8 times in 10. Larger dots hold more answers.</p><div class="columns narrow">${tables.map(reliability)}</div>`
    }`,
  );
}
