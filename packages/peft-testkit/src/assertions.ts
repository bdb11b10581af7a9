import { AttuneError, type ErrorCode } from "@attune/spec";

/** Fails a check with a sentence. */
function fail(sentence: string): never {
  throw new AttuneError("NUMERICS", sentence);
}

/** Fails with the sentence unless the condition holds. */
export function assert(condition: boolean, sentence: string): void {
  if (!condition) fail(sentence);
}

/** Largest difference of two lists of numbers; infinite if their lengths differ or one is NaN. */
function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let index = 0; index < expected.length; index++) {
    const difference = Math.abs(actual[index]! - expected[index]!);
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return largest;
}

/** Fails unless all numbers are within the tolerance. */
export function assertClose(
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): void {
  const difference = largestDifference(actual, expected);
  assert(
    difference <= tolerance,
    `${what}: expected a difference of at most ${tolerance.toExponential(1)}, got ${difference.toExponential(2)}.`,
  );
}

/** Fails unless all numbers are the same. */
export function assertSame(what: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  const index =
    actual.length === expected.length
      ? Array.from(actual).findIndex((value, at) => !Object.is(value, expected[at]))
      : 0;
  assert(
    index === -1,
    `${what}: expected the same bits, but element ${index} is ${actual[index]} instead of ${expected[index]}.`,
  );
}

/** Fails unless the numbers differ by more than the tolerance somewhere. */
export function assertDiffers(what: string, left: ArrayLike<number>, right: ArrayLike<number>, tolerance = 1e-6): void {
  const difference = largestDifference(left, right);
  assert(
    difference > tolerance,
    `${what}: expected a difference above ${tolerance.toExponential(1)}, got ${difference.toExponential(2)}.`,
  );
}

/** Fails unless `body` throws an AttuneError of one of the codes; its message and hint are returned. */
export async function assertThrows(what: string, codes: readonly ErrorCode[], body: () => unknown): Promise<string> {
  try {
    await body();
  } catch (error) {
    if (!AttuneError.is(error) || !codes.includes(error.code))
      fail(`${what}: expected an AttuneError ${codes.join(" or ")}, got ${String(error)}.`);
    return `${error.message} ${error.hint ?? ""} ${error.details?.key ?? ""}`;
  }
  return fail(`${what}: expected an error, but there was none.`);
}

/** Largest magnitude, for tolerances in proportion. */
export function magnitude(values: ArrayLike<number>): number {
  let largest = 0;
  for (let index = 0; index < values.length; index++) largest = Math.max(largest, Math.abs(values[index]!));
  return largest;
}
