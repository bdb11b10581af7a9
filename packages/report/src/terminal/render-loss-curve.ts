/**
 * A curve in Braille characters (U+2800 to U+28FF), each a grid of 2 by 4 dots, so that a few lines of a terminal show
 * a loss curve. Dot bits by column and row: 1 2 4 64 and 8 16 32 128.
 */
import { extentOf, linearScale } from "../charts/scale.ts";
import { bucketMeans } from "../charts/smooth.ts";
import type { CurvePoint } from "../report-data.ts";

const BITS = [
  [1, 2, 4, 64],
  [8, 16, 32, 128],
] as const;

/**
 * Draws training and validation loss over steps, with the value axis at the left and the last values below.
 * Returns an empty text when there is nothing to draw. Default 60 columns by 10 lines.
 */
export function renderLossCurve(
  curves: { readonly train: readonly CurvePoint[]; readonly validation?: readonly CurvePoint[] },
  options: { readonly width?: number; readonly height?: number } = {},
): string {
  const { width = 60, height = 10 } = options;
  const finite = (points: readonly CurvePoint[]): CurvePoint[] =>
    points.filter(({ step, value }) => Number.isFinite(step) && Number.isFinite(value));
  const train = finite(curves.train);
  const validation = finite(curves.validation ?? []);
  const all = [...bucketMeans(train, 2 * width), ...validation];
  if (all.length === 0) return "";
  const steps = extentOf(all.map(({ step }) => step));
  const x = linearScale(steps, [0, 2 * width - 1], { nice: false });
  const [low, high] = extentOf(all.map(({ value }) => value));
  const y = linearScale([low, high], [4 * height - 1, 0], { nice: false });
  const grid = Array.from({ length: height }, () => new Array<number>(width).fill(0));
  for (const { step, value } of all) {
    const [column, row] = [Math.round(x(step)), Math.round(y(value))];
    grid[row >> 2]![column >> 1]! |= BITS[column % 2]![row % 4]!;
  }
  const labels = grid.map((_, row) => (row === 0 ? high.toFixed(3) : row === height - 1 ? low.toFixed(3) : ""));
  const margin = Math.max(...labels.map((label) => label.length));
  const lines = grid.map(
    (row, index) => `${labels[index]!.padStart(margin)} ┤${String.fromCodePoint(...row.map((bits) => 0x2800 + bits))}`,
  );
  const last = (name: string, points: readonly CurvePoint[]): string[] =>
    points.length === 0 ? [] : [`${name} ${points.at(-1)!.value.toFixed(4)}`];
  const foot = `${" ".repeat(margin)} └ step ${Math.round(steps[0])} to ${Math.round(steps[1])}; last ${[...last("training", train), ...last("validation", validation)].join(", ")}`;
  return [...lines, foot].join("\n");
}
