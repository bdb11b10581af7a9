import { type RegexCursor, unsupportedRegex } from "./regex-cursor.ts";

/** What \w stands for: letters, marks, digits and connectors of all scripts. */
export const wordClass = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}";

/** Outside of brackets \w also holds the six superscripts and fractions of Latin-1. */
const escapedWordClass = `${wordClass}\\u{b2}\\u{b3}\\u{b9}\\u{bc}-\\u{be}`;

/** Sets that an escape stands for, in and outside of brackets. White space is Unicode's: with U+0085, without U+FEFF. */
const escapedSets: ReadonlyMap<string, string> = new Map([
  ["s", "\\p{White_Space}"],
  ["S", "\\P{White_Space}"],
  ["d", "\\p{Nd}"],
  ["D", "\\P{Nd}"],
  ["w", `[${wordClass}]`],
  ["W", `[^${wordClass}]`],
  ["h", "[0-9a-fA-F]"],
  ["H", "[^0-9a-fA-F]"],
]);

/** Escapes that mean something of their own outside of brackets. */
const escapesOutside: ReadonlyMap<string, string> = new Map([
  ["w", `[${escapedWordClass}]`],
  ["W", `[^${escapedWordClass}]`],
  ["A", "(?<![\\s\\S])"],
  ["z", "(?![\\s\\S])"],
  ["Z", "(?=\\n?(?![\\s\\S]))"],
  ["b", `(?:(?<=[${escapedWordClass}])(?![${escapedWordClass}])|(?<![${escapedWordClass}])(?=[${escapedWordClass}]))`],
  ["B", `(?:(?<=[${escapedWordClass}])(?=[${escapedWordClass}])|(?<![${escapedWordClass}])(?![${escapedWordClass}]))`],
  ["R", "(?:\\r\\n|[\\n-\\r\\u0085\\u2028\\u2029])"],
]);

const controls: ReadonlyMap<string, number> = new Map([
  ["n", 10],
  ["r", 13],
  ["t", 9],
  ["f", 12],
  ["v", 11],
  ["a", 7],
  ["e", 27],
  ["0", 0],
]);

const posixSets: ReadonlyMap<string, string> = new Map([
  ["alpha", "\\p{Alphabetic}"],
  ["digit", "\\p{Nd}"],
  ["alnum", "\\p{Alphabetic}\\p{Nd}"],
  ["upper", "\\p{Uppercase}"],
  ["lower", "\\p{Lowercase}"],
  ["space", "\\p{White_Space}"],
  ["blank", "\\p{Zs}\\t"],
  ["cntrl", "\\p{Cc}"],
  ["punct", "\\p{P}\\p{S}"],
  ["xdigit", "0-9a-fA-F"],
  ["word", wordClass],
]);

/** Reads one character or escape outside of brackets. */
export function literalSource(cursor: RegexCursor, ignoreCase: boolean): string {
  if (cursor.peek() !== "\\") return characterSource(cursor.next().codePointAt(0)!, ignoreCase);
  cursor.next();
  const outside = escapesOutside.get(cursor.peek());
  if (outside) {
    cursor.next();
    return outside;
  }
  const escaped = escapedCharacter(cursor);
  return typeof escaped === "number" ? characterSource(escaped, ignoreCase) : `[${escaped}]`;
}

/** Reads a bracket expression, with nested brackets, intersections and POSIX names. */
export function characterClass(cursor: RegexCursor, ignoreCase: boolean, depth = 0): string {
  if (depth > 50) throw unsupportedRegex(cursor, "more than 50 brackets inside each other");
  cursor.next();
  const negated = cursor.take("^");
  const operands: string[] = [];
  let members = "";
  let first = true;
  while (first || cursor.peek() !== "]") {
    if (cursor.atEnd()) throw unsupportedRegex(cursor, "a bracket that is not closed");
    if (cursor.take("&&")) {
      operands.push(`[${members}]`);
      members = "";
    } else members += member(cursor, ignoreCase, depth, first);
    first = false;
  }
  cursor.next();
  const content = operands.length > 0 ? [...operands, `[${members}]`].join("&&") : members;
  return `[${negated ? "^" : ""}${content}]`;
}

function member(cursor: RegexCursor, ignoreCase: boolean, depth: number, first: boolean): string {
  const posix = cursor.takeMatch(/\[:(\^?)(\w+):\]/y);
  if (posix) {
    const set = posixSets.get(posix[2]!);
    if (set === undefined) throw unsupportedRegex(cursor, `the unknown set [:${posix[2]}:]`);
    return `[${posix[1]}${set}]`;
  }
  if (cursor.peek() === "[") return characterClass(cursor, ignoreCase, depth + 1);
  const low = first && cursor.take("]") ? 0x5d : classCharacter(cursor);
  if (typeof low === "string") return low;
  const isRange = cursor.peek() === "-" && cursor.peek(2) !== "-]" && cursor.peek(2) !== "-[";
  if (!isRange) return withCases(low, low, ignoreCase);
  cursor.next();
  const high = classCharacter(cursor);
  if (typeof high === "string" || high < low) throw unsupportedRegex(cursor, "a range that is not one");
  return withCases(low, high, ignoreCase);
}

function classCharacter(cursor: RegexCursor): number | string {
  if (!cursor.take("\\")) return cursor.next().codePointAt(0)!;
  if (cursor.take("b")) return 8;
  return escapedCharacter(cursor);
}

/** Reads what follows a backslash: a code point, or a set as the content of brackets. */
function escapedCharacter(cursor: RegexCursor): number | string {
  const property = cursor.takeMatch(/([pP])\{(\^?)([\w =-]+)\}/y) ?? cursor.takeMatch(/([pP])()([A-Z])/y);
  if (property) return propertySource(cursor, (property[1] === "P") !== (property[2] === "^"), property[3]!);
  const code =
    cursor.takeMatch(/x\{([0-9a-fA-F]{1,6})\}/y) ??
    cursor.takeMatch(/u\{([0-9a-fA-F]{1,6})\}/y) ??
    cursor.takeMatch(/u([0-9a-fA-F]{4})/y) ??
    cursor.takeMatch(/x([0-9a-fA-F]{1,2})/y);
  if (code) {
    const codePoint = Number.parseInt(code[1]!, 16);
    if (codePoint > 0x10ffff) throw unsupportedRegex(cursor, "a code point that does not exist");
    return codePoint;
  }
  const character = cursor.next();
  const known = controls.get(character) ?? escapedSets.get(character);
  if (known !== undefined) return known;
  if (/[a-zA-Z0-9]/.test(character)) throw unsupportedRegex(cursor, `the escape \\${character}, which is not known`);
  return character.codePointAt(0)!;
}

/** What Oniguruma's names of properties stand for where JavaScript has no property of that name. */
const propertySets: ReadonlyMap<string, string> = new Map([
  ["alnum", "\\p{Alphabetic}\\p{Nd}"],
  ["blank", "\\p{Zs}\\t"],
  ["cntrl", "\\p{Cc}"],
  ["digit", "\\p{Nd}"],
  ["punct", "\\p{P}"],
  ["space", "\\p{White_Space}"],
  ["upper", "\\p{Uppercase}"],
  ["lower", "\\p{Lowercase}"],
  ["word", wordClass],
]);

/** Tries a property by its name, then as a script: Oniguruma takes \p{Han} where JavaScript wants \p{Script=Han}. */
function propertySource(cursor: RegexCursor, negated: boolean, name: string): string {
  const letter = negated ? "P" : "p";
  const set = propertySets.get(name.toLowerCase());
  if (set !== undefined) return `[${negated ? "^" : ""}${set}]`;
  const compact = name.replaceAll(" ", "_");
  const candidates = [`\\${letter}{${compact}}`, `\\${letter}{Script=${compact}}`];
  for (const candidate of candidates) {
    try {
      new RegExp(`[${candidate}]`, "v");
      return candidate;
    } catch {
      // The next candidate may be one that JavaScript knows.
    }
  }
  throw unsupportedRegex(cursor, `the unknown property ${name}`);
}

function characterSource(codePoint: number, ignoreCase: boolean): string {
  const cases = ignoreCase ? caseVariants(codePoint) : [codePoint];
  return cases.length === 1 ? escapeCodePoint(codePoint) : `[${cases.map(escapeCodePoint).join("")}]`;
}

function withCases(low: number, high: number, ignoreCase: boolean): string {
  const range = low === high ? escapeCodePoint(low) : `${escapeCodePoint(low)}-${escapeCodePoint(high)}`;
  if (!ignoreCase) return range;
  const others = new Set<number>();
  // Beyond Latin a range is of characters without case; a hostile range must not cost a million lookups.
  for (let codePoint = low; codePoint <= Math.min(high, low + 0x400); codePoint++) {
    for (const variant of caseVariants(codePoint)) if (variant < low || variant > high) others.add(variant);
  }
  return range + [...others].map(escapeCodePoint).join("");
}

/** Letters that equal others when case is ignored although they are neither their upper nor their lower case. */
const furtherVariants: ReadonlyMap<string, string> = new Map([
  ["s", "ſ"],
  ["k", "\u212a"],
  ["å", "\u212b"],
]);

function caseVariants(codePoint: number): number[] {
  const character = String.fromCodePoint(codePoint);
  const lower = character.toLowerCase();
  const forms = [character, lower, character.toUpperCase(), furtherVariants.get(lower) ?? ""];
  return [...new Set(forms.filter((form) => [...form].length === 1).map((form) => form.codePointAt(0)!))];
}

function escapeCodePoint(codePoint: number): string {
  const character = String.fromCodePoint(codePoint);
  return /^[a-zA-Z0-9 ]$/.test(character) ? character : `\\u{${codePoint.toString(16)}}`;
}
