/**
 * Limited-memory BFGS (Nocedal, Math. Comp. 1980; two-loop recursion of Nocedal and Wright, alg. 7.4) with the weak
 * Wolfe line search by bracketing and bisection (Lewis and Overton, 2013). Deterministic; for smooth convex functions.
 */

/** Writes the whole gradient at `point` into `gradient`, over what is there, and returns the value. */
type Differentiable = (point: Float64Array, gradient: Float64Array) => number;

/** Where the search ended. */
interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  readonly iterations: number;
  /** Whether the largest gradient component fell to the tolerance. */
  readonly converged: boolean;
}

/** How a search ends. */
interface MinimiseOptions {
  /** Largest gradient component; 1e-6 by default. */
  readonly tolerance?: number;
  readonly maxIterations?: number;
}

/** Minimises from `start` until no gradient component exceeds `tolerance`, or progress or iterations end. */
export type Minimiser = (objective: Differentiable, start: Float64Array, options?: MinimiseOptions) => Minimum;

/** Corrections that are remembered. */
const memory = 5;

interface Correction {
  readonly step: Float64Array;
  readonly change: Float64Array;
  curvature: number;
}

/** A point with what is known there. */
interface Located {
  readonly point: Float64Array;
  readonly gradient: Float64Array;
  value: number;
}

/** Bytes of the buffers of a minimiser. */
export function minimiserBytes(size: number): number {
  return Float64Array.BYTES_PER_ELEMENT * size * (5 + 2 * memory);
}

/** A minimiser of functions of `size` numbers. Its buffers are made once and serve one search after another. */
export function createMinimiser(size: number): Minimiser {
  const vector = (): Float64Array => new Float64Array(size);
  const places: [Located, Located] = [
    { point: vector(), gradient: vector(), value: 0 },
    { point: vector(), gradient: vector(), value: 0 },
  ];
  const direction = vector();
  const corrections = Array.from({ length: memory }, (): Correction => {
    return { step: vector(), change: vector(), curvature: 0 };
  });
  return (objective, start, { tolerance = 1e-6, maxIterations = 1000 } = {}) => {
    let [here, next] = places;
    here.point.set(start);
    here.value = objective(here.point, here.gradient);
    let known = 0;
    const ended = (iterations: number, converged: boolean): Minimum => {
      return { point: here.point.slice(), value: here.value, iterations, converged };
    };
    for (let iteration = 0; iteration < maxIterations; iteration++) {
      if (largest(here.gradient) <= tolerance) return ended(iteration, true);
      descend(direction, here.gradient, corrections.slice(memory - known));
      const firstStep = known === 0 ? Math.min(1, 1 / Math.sqrt(dot(here.gradient, here.gradient))) : 1;
      if (!lineSearch(objective, here, direction, firstStep, next)) return ended(iteration, false);
      if (remember(corrections, here, next)) known = Math.min(known + 1, memory);
      [here, next] = [next, here];
    }
    return ended(maxIterations, largest(here.gradient) <= tolerance);
  };
}

/** One search with buffers of its own. */
export const minimise: Minimiser = (objective, start, options) =>
  createMinimiser(start.length)(objective, start, options);

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!;
  return sum;
};

const largest = (values: Float64Array): number => {
  let result = 0;
  for (let index = 0; index < values.length; index++) result = Math.max(result, Math.abs(values[index]!));
  return result;
};

/** target = base + factor * vector; a plain loop, as the typed arrays' own map is several times slower. */
function combine(target: Float64Array, base: Float64Array, factor: number, vector: Float64Array): void {
  for (let index = 0; index < target.length; index++) target[index] = base[index]! + factor * vector[index]!;
}

/** Writes what changed over the oldest correction, unless the function is flat along the step. */
function remember(corrections: Correction[], here: Located, next: Located): boolean {
  let curvature = 0;
  for (let index = 0; index < here.point.length; index++) {
    curvature += (next.point[index]! - here.point[index]!) * (next.gradient[index]! - here.gradient[index]!);
  }
  if (!(curvature > 1e-300)) return false;
  const oldest = corrections.shift()!;
  combine(oldest.step, next.point, -1, here.point);
  combine(oldest.change, next.gradient, -1, here.gradient);
  oldest.curvature = curvature;
  corrections.push(oldest);
  return true;
}

/** Writes the direction in which to search: the negative gradient, corrected by what is known of the curvature. */
function descend(direction: Float64Array, gradient: Float64Array, corrections: readonly Correction[]): void {
  for (let index = 0; index < direction.length; index++) direction[index] = -gradient[index]!;
  const factors = corrections.toReversed().map(({ step, change, curvature }) => {
    const factor = dot(step, direction) / curvature;
    combine(direction, direction, -factor, change);
    return factor;
  });
  const last = corrections.at(-1);
  if (last !== undefined) {
    const scale = last.curvature / dot(last.change, last.change);
    for (let index = 0; index < direction.length; index++) direction[index]! *= scale;
  }
  for (const [index, { step, change, curvature }] of corrections.entries()) {
    const factor = factors[corrections.length - 1 - index]! - dot(change, direction) / curvature;
    combine(direction, direction, factor, step);
  }
}

/** Finds a step that decreases enough (1e-4) and flattens the slope enough (0.9); false where rounding allows none. */
function lineSearch(
  objective: Differentiable,
  here: Located,
  direction: Float64Array,
  firstStep: number,
  found: Located,
): boolean {
  const slope = dot(here.gradient, direction);
  let [low, high, length] = [0, Number.POSITIVE_INFINITY, firstStep];
  for (let attempt = 0; attempt < 60; attempt++) {
    combine(found.point, here.point, length, direction);
    found.value = objective(found.point, found.gradient);
    if (!(found.value <= here.value + 1e-4 * length * slope)) high = length;
    else if (dot(found.gradient, direction) < 0.9 * slope) low = length;
    else return true;
    length = high === Number.POSITIVE_INFINITY ? 2 * low : (low + high) / 2;
  }
  return false;
}
