/** Edits (insert, delete, replace, swap of neighbours) from one word to another; Damerau, CACM 7 (1964). */
function editDistance(left: string, right: string): number {
  const rows: number[][] = [Array.from({ length: right.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const differs = left[row - 1] === right[column - 1] ? 0 : 1;
      let best = Math.min(rows[row - 1]![column]! + 1, current[column - 1]! + 1, rows[row - 1]![column - 1]! + differs);
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (row > 1 && column > 1 && swapped) best = Math.min(best, rows[row - 2]![column - 2]! + 1);
      current.push(best);
    }
    rows.push(current);
  }
  return rows[left.length]![right.length]!;
}

/** The names that are most like `wanted`, best first. */
export function nearNames(wanted: string, names: readonly string[], count = 3): string[] {
  const distance = (name: string): number => editDistance(wanted.toLowerCase(), name.toLowerCase());
  return [...new Set(names)]
    .map((name) => ({ name, distance: distance(name) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ name }) => name);
}

/** `Did you mean "x"?` where a name is close enough, otherwise all names. */
export function suggestion(wanted: string, names: readonly string[]): string {
  const [nearest] = nearNames(wanted, names, 1);
  const close =
    nearest !== undefined && editDistance(wanted.toLowerCase(), nearest.toLowerCase()) <= 1 + wanted.length / 3;
  return close ? `Did you mean "${nearest}"?` : `Known: ${names.join(", ")}.`;
}
