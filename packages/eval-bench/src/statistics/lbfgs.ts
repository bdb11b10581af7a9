/**
 * Limited-memory BFGS (Nocedal, Math. Comp. 1980; two-loop recursion of Nocedal and Wright, alg. 7.4) with the weak
 * Wolfe line search by bracketing and bisection (Lewis and Overton, 2013). Deterministic; for smooth convex functions.
 */

/** Writes the gradient at `point` into `gradient` and returns the value. */
export type Differentiable = (point: Float64Array, gradient: Float64Array) => number;

/** Where the search ended. */
export interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  readonly iterations: number;
  /** Whether the largest gradient component fell to the tolerance. */
  readonly converged: boolean;
}

interface Correction {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly curvature: number;
}

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!;
  return sum;
};

/** target += factor * vector. */
function add(target: Float64Array, factor: number, vector: Float64Array): void {
  for (let index = 0; index < target.length; index++) target[index]! += factor * vector[index]!;
}

/** result = base + factor * vector; a plain loop, as the typed arrays' own map is several times slower. */
function combine(base: Float64Array, factor: number, vector: Float64Array): Float64Array {
  const result = new Float64Array(base.length);
  for (let index = 0; index < base.length; index++) result[index] = base[index]! + factor * vector[index]!;
  return result;
}

const largest = (values: Float64Array): number => {
  let result = 0;
  for (let index = 0; index < values.length; index++) result = Math.max(result, Math.abs(values[index]!));
  return result;
};

/** Minimises from `start` until no gradient component exceeds `tolerance`, or progress or iterations end. */
export function minimise(
  objective: Differentiable,
  start: Float64Array,
  options: { readonly tolerance?: number; readonly maximumIterations?: number; readonly memory?: number } = {},
): Minimum {
  const { tolerance = 1e-6, maximumIterations = 1000, memory = 5 } = options;
  let point: Float64Array = start.slice();
  let gradient: Float64Array = new Float64Array(start.length);
  let value = objective(point, gradient);
  const corrections: Correction[] = [];
  for (let iteration = 0; iteration < maximumIterations; iteration++) {
    if (largest(gradient) <= tolerance) return { point, value, iterations: iteration, converged: true };
    const direction = descentDirection(gradient, corrections);
    const firstStep = corrections.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
    const next = lineSearch(objective, point, value, gradient, direction, firstStep);
    if (next === undefined) return { point, value, iterations: iteration, converged: false };
    const step = combine(next.point, -1, point);
    const change = combine(next.gradient, -1, gradient);
    const curvature = dot(step, change);
    if (curvature > 1e-300) corrections.push({ step, change, curvature });
    if (corrections.length > memory) corrections.shift();
    ({ point, gradient, value } = next);
  }
  return { point, value, iterations: maximumIterations, converged: largest(gradient) <= tolerance };
}

function descentDirection(gradient: Float64Array, corrections: readonly Correction[]): Float64Array {
  const direction = combine(new Float64Array(gradient.length), -1, gradient);
  const factors = corrections.toReversed().map(({ step, change, curvature }) => {
    const factor = dot(step, direction) / curvature;
    add(direction, -factor, change);
    return factor;
  });
  const last = corrections.at(-1);
  if (last !== undefined) {
    const scale = last.curvature / dot(last.change, last.change);
    for (let index = 0; index < direction.length; index++) direction[index]! *= scale;
  }
  for (const [index, { step, change, curvature }] of corrections.entries()) {
    add(direction, factors[corrections.length - 1 - index]! - dot(change, direction) / curvature, step);
  }
  return direction;
}

interface Located {
  readonly point: Float64Array;
  readonly gradient: Float64Array;
  readonly value: number;
}

/** A step that decreases enough (1e-4) and flattens the slope enough (0.9), or undefined where rounding allows none. */
function lineSearch(
  objective: Differentiable,
  point: Float64Array,
  value: number,
  gradient: Float64Array,
  direction: Float64Array,
  firstStep: number,
): Located | undefined {
  const slope = dot(gradient, direction);
  let [low, high, length] = [0, Number.POSITIVE_INFINITY, firstStep];
  for (let attempt = 0; attempt < 60; attempt++) {
    const candidate = combine(point, length, direction);
    const slopes = new Float64Array(point.length);
    const reached = objective(candidate, slopes);
    if (!(reached <= value + 1e-4 * length * slope)) high = length;
    else if (dot(slopes, direction) < 0.9 * slope) low = length;
    else return { point: candidate, gradient: slopes, value: reached };
    length = high === Number.POSITIVE_INFINITY ? 2 * low : (low + high) / 2;
  }
  return undefined;
}
