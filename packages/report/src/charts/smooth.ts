import type { CurvePoint } from "../report-data.ts";

/** At most `count` points, each the mean of its neighbours, so that a long run stays a small picture. */
export function bucketMeans(points: readonly CurvePoint[], count: number): CurvePoint[] {
  if (points.length <= count) return [...points];
  return Array.from({ length: count }, (_, bucket) => {
    const own = points.slice(
      Math.floor((bucket * points.length) / count),
      Math.floor(((bucket + 1) * points.length) / count),
    );
    const mean = (of: (point: CurvePoint) => number): number =>
      own.reduce((sum, point) => sum + of(point), 0) / own.length;
    return { step: mean(({ step }) => step), value: mean(({ value }) => value) };
  });
}

/** Centred moving average over a twentieth of the points on either side; the ends keep fewer neighbours. */
export function smooth(points: readonly CurvePoint[]): CurvePoint[] {
  const reach = Math.floor(points.length / 20);
  return points.map(({ step }, index) => {
    const side = Math.min(reach, index, points.length - 1 - index);
    const own = points.slice(index - side, index + side + 1);
    return { step, value: own.reduce((sum, { value }) => sum + value, 0) / own.length };
  });
}
