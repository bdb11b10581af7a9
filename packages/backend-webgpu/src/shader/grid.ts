/** Workgroups that one dispatch may have along an axis; every device has as many. */
const mostAlongAxis = 65535;

/** A grid of at least `count` workgroups, folded where one axis is not enough, and the constant that unfolds it. */
export interface Grid {
  readonly workgroups: readonly [number, number, number];
  /** Workgroups along x: number = x + y · gridWidth. */
  readonly gridWidth: number;
}

/** The grid of `count` workgroups. */
export function gridOf(count: number): Grid {
  const height = Math.max(1, Math.ceil(count / mostAlongAxis));
  const width = Math.max(1, Math.ceil(count / height));
  return { workgroups: [width, height, 1], gridWidth: width };
}
