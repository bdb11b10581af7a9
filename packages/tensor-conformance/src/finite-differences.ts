// Central differences in float64: (f(x + h) - f(x - h)) / 2h. Their error is h²/6 · f''' of truncation and u · |f| / h of rounding;
// with h = 1e-5 · max(1, |x|) and u = 2^-53 both are far below the relative 1e-6 asked for where samples are smooth.

/** Elements checked of one input; more are drawn evenly. */
const maxElements = 24;

/** One element's derivative by differences. */
export interface Difference {
  readonly element: number;
  readonly derivative: number;
}

/** Derivatives of a scalar function by elements of one of its inputs. */
export function finiteDifferences(
  evaluate: (inputs: readonly Float64Array[]) => number,
  inputs: readonly Float64Array[],
  index: number,
): Difference[] {
  const values = inputs[index]!;
  const stride = Math.max(1, Math.ceil(values.length / maxElements));
  const differences: Difference[] = [];
  for (let element = 0; element < values.length; element += stride) {
    const step = 1e-5 * Math.max(1, Math.abs(values[element]!));
    const at = (offset: number): number =>
      evaluate(inputs.with(index, values.with(element, values[element]! + offset)));
    differences.push({ element, derivative: (at(step) - at(-step)) / (2 * step) });
  }
  return differences;
}
