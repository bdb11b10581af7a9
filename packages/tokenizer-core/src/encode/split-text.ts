import type { Pattern } from "../pattern/pattern.ts";

/** What becomes of the matches when a text is split. */
export type SplitBehavior = "Removed" | "Isolated" | "MergedWithPrevious" | "MergedWithNext" | "Contiguous";

/** The behaviours by the names they have in tokenizer.json. */
export const splitBehaviors: readonly SplitBehavior[] = [
  "Removed",
  "Isolated",
  "MergedWithPrevious",
  "MergedWithNext",
  "Contiguous",
];

/** Splits a text at the matches of a pattern (or, inverted, at what lies between them) and reports non-empty ranges. */
export function splitText(
  text: string,
  pattern: Pattern,
  behavior: SplitBehavior,
  invert: boolean,
  report: (from: number, to: number) => void,
): void {
  if (behavior === "Isolated") {
    splitIsolated(text, pattern, report);
    return;
  }
  const parts: Part[] = [];
  const add = (from: number, to: number, matched: boolean): void => {
    if (to > from) parts.push({ from, to, delimiter: matched !== invert });
  };
  let position = 0;
  pattern(text, (from, to) => {
    add(position, from, false);
    add(from, to, true);
    position = to;
  });
  add(position, text.length, false);
  for (const { from, to } of mergeParts(parts, behavior)) report(from, to);
}

interface Part {
  readonly from: number;
  readonly to: number;
  readonly delimiter: boolean;
}

/** Matches and what lies between them are all pieces of their own, so there is nothing to collect. */
function splitIsolated(text: string, pattern: Pattern, report: (from: number, to: number) => void): void {
  let position = 0;
  pattern(text, (from, to) => {
    if (from > position) report(position, from);
    if (to > from) report(from, to);
    position = to;
  });
  if (position < text.length) report(position, text.length);
}

function mergeParts(parts: readonly Part[], behavior: Exclude<SplitBehavior, "Isolated">): readonly Part[] {
  switch (behavior) {
    case "Removed":
      return parts.filter(({ delimiter }) => !delimiter);
    case "Contiguous":
      return join(parts, (previous, part) => previous.delimiter === part.delimiter);
    case "MergedWithPrevious":
      return join(parts, (previous, part) => part.delimiter && !previous.delimiter);
    case "MergedWithNext":
      // Only the last of several delimiters in a row goes with what follows.
      return join(parts, (previous, part) => previous.delimiter && !part.delimiter);
  }
}

/** Joins neighbours; whether a part is joined depends on the single part before it. */
function join(parts: readonly Part[], joins: (previous: Part, part: Part) => boolean): Part[] {
  const joined: Part[] = [];
  for (const [index, part] of parts.entries()) {
    const previous = parts[index - 1];
    if (previous && joins(previous, part)) joined.push({ ...joined.pop()!, to: part.to, delimiter: part.delimiter });
    else joined.push(part);
  }
  return joined;
}
