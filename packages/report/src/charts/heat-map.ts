import { formatCount } from "@attune/spec";
import type { Markup } from "../markup.ts";
import { html } from "../markup.ts";
import type { ConfusionTable } from "../report-data.ts";
import { CHART_WIDTH, chart } from "./frame.ts";

const shorten = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`;

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

const describe = ({ labels, counts }: ConfusionTable): string =>
  `Confusion matrix of ${labels.length} labels, ${sum(counts.map((row, index) => row[index] ?? 0))} of ${sum(counts.map(sum))} right`;

const tip = ({ labels, counts }: ConfusionTable, actual: number, predicted: number): Markup => {
  const row = counts[actual]!;
  return html`<title>${labels[actual]} taken for ${labels[predicted]}: ${formatCount(row[predicted]!)} of ${formatCount(sum(row))}</title>`;
};

/** A confusion matrix: rows are actual labels, shades are shares of the row. Numbers and names up to 12 labels. */
export function heatMap(matrix: ConfusionTable): Markup {
  return matrix.labels.length <= 12 ? numberedMap(matrix) : denseMap(matrix);
}

function numberedMap(matrix: ConfusionTable): Markup {
  const { title, labels, counts } = matrix;
  const [left, top] = [88, 44];
  const width = Math.min(120, (CHART_WIDTH - left - 4) / labels.length);
  const height = Math.min(width, 64);
  const cells = counts.map((row, actual) =>
    row.map((count, predicted) => {
      const share = count / Math.max(1, sum(row));
      const [x, y] = [left + predicted * width, top + actual * height];
      const area = html`x="${x}" y="${y}" width="${width - 2}" height="${height - 2}" rx="4"`;
      return html`<g>${tip(matrix, actual, predicted)}<rect class="cell-base" ${area}/><rect class="cell ${actual === predicted ? "right" : "wrong"}" ${area} fill-opacity="${share.toFixed(3)}"/><text class="cell-count ${share > 0.55 && "inverse"}" x="${x + width / 2 - 1}" y="${y + height / 2 + 4}" text-anchor="middle">${formatCount(count)}</text></g>`;
    }),
  );
  const names = labels.map(
    (label, index) =>
      html`<text class="tick" x="${left - 8}" y="${top + index * height + height / 2 + 4}" text-anchor="end">${shorten(label, 12)}<title>${label}</title></text><text class="tick" x="${left + index * width + width / 2 - 1}" y="${top - 8}" text-anchor="middle">${shorten(label, Math.max(3, Math.floor(width / 7)))}<title>${label}</title></text>`,
  );
  return chart({
    width: Math.max(220, left + labels.length * width),
    height: top + labels.length * height + 4,
    title,
    description: describe(matrix),
    body: html`<text class="axis-name" x="${left}" y="${top - 28}">predicted →</text><text class="axis-name" x="${left - 8}" y="${top - 8}" text-anchor="end">actual ↓</text>${names}${cells}`,
  });
}

/** Too many labels for names: only the cells that are not zero, none so faint that it cannot be seen. */
function denseMap(matrix: ConfusionTable): Markup {
  const { title, labels, counts } = matrix;
  const [left, top] = [20, 22];
  const size = CHART_WIDTH - left - 4;
  const cell = size / labels.length;
  const cells = counts.flatMap((row, actual) =>
    row.map((count, predicted) => {
      if (count === 0) return undefined;
      const share = count / sum(row);
      return html`<rect class="cell ${actual === predicted ? "right" : "wrong"}" x="${(left + predicted * cell).toFixed(2)}" y="${(top + actual * cell).toFixed(2)}" width="${cell.toFixed(2)}" height="${cell.toFixed(2)}" fill-opacity="${(0.25 + 0.75 * share).toFixed(2)}">${tip(matrix, actual, predicted)}</rect>`;
    }),
  );
  return chart({
    height: top + size + 4,
    title,
    description: describe(matrix),
    body: html`<text class="axis-name" x="${left}" y="14">predicted →</text><text class="axis-name" x="14" y="${top}" text-anchor="end" transform="rotate(-90 14 ${top})">← actual</text><rect class="cell-base" x="${left}" y="${top}" width="${size}" height="${size}" rx="4"/>${cells}`,
  });
}
