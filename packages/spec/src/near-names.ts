// Names that somebody may have meant. Damerau, A Technique for Computer Detection and Correction of Spelling Errors, CACM 7 (1964), in
// its restricted form: insertions, deletions, replacements and swaps of neighbours, case aside.

/** The names that are most like `wanted`, best first. */
export function nearNames(wanted: string, names: readonly string[], count = 3): string[] {
  return byDistance(wanted, names)
    .slice(0, count)
    .map(({ name }) => name);
}

/** The name that is so like `wanted` that it was probably meant: a third of its characters may differ. */
export function nearestName(wanted: string, names: readonly string[]): string | undefined {
  const [best] = byDistance(wanted, names);
  return best !== undefined && best.distance <= Math.max(1, Math.floor(wanted.length / 3)) ? best.name : undefined;
}

function byDistance(wanted: string, names: readonly string[]): { readonly name: string; readonly distance: number }[] {
  return [...new Set(names)]
    .map((name) => ({ name, distance: editDistance(wanted.toLowerCase(), name.toLowerCase()) }))
    .sort((left, right) => left.distance - right.distance);
}

function editDistance(left: string, right: string): number {
  let older: number[] = [];
  let old = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const row = [i];
    for (let j = 1; j <= right.length; j++) {
      const replaced = old[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1);
      row[j] = Math.min(old[j]! + 1, row[j - 1]! + 1, replaced);
      const swapped = i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1];
      if (swapped) row[j] = Math.min(row[j]!, older[j - 2]! + 1);
    }
    [older, old] = [old, row];
  }
  return old[right.length]!;
}
