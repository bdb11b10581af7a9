import { formatQuantity } from "@attune/spec";
import type { Markup } from "../markup.ts";
import { html } from "../markup.ts";
import type { ReliabilityTable } from "../report-data.ts";
import { chart, horizontalAxis, horizontalGrid } from "./frame.ts";
import { linearScale } from "./scale.ts";

const [WIDTH, HEIGHT] = [300, 270];

/** Share that was right against stated confidence; a trustworthy model lies on the diagonal. Areas of dots grow with n. */
export function reliabilityDiagram({ title, bins }: ReliabilityTable, tone: "before" | "after"): Markup {
  const [left, right, top, bottom] = [44, WIDTH - 12, 22, HEIGHT - 42];
  const x = linearScale([0, 100], [left, right], { ticks: 4 });
  const y = linearScale([0, 100], [bottom, top], { ticks: 4 });
  const total = bins.reduce((sum, { n }) => sum + n, 0);
  const filled = bins.filter(({ n }) => n > 0);
  const dots = filled.map(({ n, confidence, accuracy }) => {
    const radius = (3 + 12 * Math.sqrt(n / Math.max(1, total))).toFixed(1);
    return html`<g><title>${n} answers, on average ${formatQuantity(confidence, "share")} sure, ${formatQuantity(accuracy, "share")} right</title><line class="gap ${tone}" x1="${x(100 * confidence)}" x2="${x(100 * confidence)}" y1="${y(100 * confidence)}" y2="${y(100 * accuracy)}"/><circle class="dot ${tone}" cx="${x(100 * confidence)}" cy="${y(100 * accuracy)}" r="${radius}"/></g>`;
  });
  return chart({
    width: WIDTH,
    height: HEIGHT,
    title,
    description: `Reliability diagram, ${total} answers in ${filled.length} bins of confidence`,
    body: html`<text class="axis-name" x="0" y="12">% right</text>${horizontalGrid(y, left, right)}${horizontalAxis(x, top, bottom)}<text class="axis-name" x="${right}" y="${HEIGHT - 6}" text-anchor="end">% sure</text><line class="diagonal" x1="${x(0)}" y1="${y(0)}" x2="${x(100)}" y2="${y(100)}"/>${dots}`,
  });
}
