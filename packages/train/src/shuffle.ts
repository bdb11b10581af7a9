import type { RandomSequence } from "@attune/tensor-core";

/** A copy in random order. Fisher and Yates; Knuth, The Art of Computer Programming 2, 3.4.2, algorithm P. */
export function shuffled<T>(values: readonly T[], random: RandomSequence): T[] {
  const result = [...values];
  for (let index = result.length - 1; index > 0; index--) {
    const other = Math.floor((random.word() / 2 ** 32) * (index + 1));
    [result[index], result[other]] = [result[other]!, result[index]!];
  }
  return result;
}
