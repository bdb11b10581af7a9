/**
 * Translates the regular expressions of tokenizer.json, which are Oniguruma's (Ruby syntax), to JavaScript with the
 * `v` flag. What differs and is rewritten: possessive and atomic groups (a look-ahead that captures, then a back
 * reference), `(?i)`, Unicode meaning of \s \w \d \b, POSIX brackets, `^` and `$` at lines, `\x{…}`, `{,n}`, bare
 * script names in \p. Reference: https://github.com/kkos/oniguruma/blob/master/doc/RE.
 *
 * Files are hostile: the length is bounded, and an unbounded repetition inside an unbounded repetition, which can take
 * exponential time, is refused.
 */
import { AttuneError } from "@attune/spec";
import { characterClass, literalSource } from "./regex-characters.ts";
import { RegexCursor, unsupportedRegex } from "./regex-cursor.ts";

const longestPattern = 20_000;

/** A translated piece, and whether it can repeat without bound. */
interface Fragment {
  readonly source: string;
  readonly unbounded: boolean;
}

/** Compiles a pattern to a global RegExp. Throws `FILE_UNSUPPORTED` naming the place for what cannot be translated. */
export function compileOnigurumaRegex(pattern: string, where: string): RegExp {
  if (pattern.length > longestPattern) {
    throw new AttuneError(
      "FILE_UNSUPPORTED",
      `${where}: expected a regular expression of at most ${longestPattern} characters, but it has ${pattern.length}.`,
      { details: { key: where } },
    );
  }
  const cursor = new RegexCursor(pattern, where);
  const { source } = alternatives(cursor, false, 0);
  if (!cursor.atEnd()) throw unsupportedRegex(cursor, "a closing parenthesis without an opening one");
  try {
    return new RegExp(source, "gv");
  } catch (cause) {
    throw unsupportedRegex(cursor, `something that JavaScript refuses (${String(cause)})`);
  }
}

const deepestNesting = 200;

function alternatives(cursor: RegexCursor, ignoreCase: boolean, depth: number): Fragment {
  if (depth > deepestNesting) throw unsupportedRegex(cursor, `more than ${deepestNesting} groups inside each other`);
  const branches: Fragment[] = [];
  // A bare (?i) holds to the end of the enclosing group, over the bars.
  const state = { ignoreCase };
  do branches.push(sequence(cursor, state, depth));
  while (cursor.take("|"));
  return {
    source: branches.map(({ source }) => source).join("|"),
    unbounded: branches.some(({ unbounded }) => unbounded),
  };
}

function sequence(cursor: RegexCursor, state: { ignoreCase: boolean }, depth: number): Fragment {
  let source = "";
  let unbounded = false;
  while (!cursor.atEnd() && cursor.peek() !== "|" && cursor.peek() !== ")") {
    const atom = quantified(cursor, term(cursor, state, depth));
    source += atom.source;
    unbounded ||= atom.unbounded;
  }
  return { source, unbounded };
}

function term(cursor: RegexCursor, state: { ignoreCase: boolean }, depth: number): Fragment {
  if (cursor.peek() === "(") return group(cursor, state, depth);
  if (cursor.peek() === "[") return bounded(characterClass(cursor, state.ignoreCase));
  if (cursor.take(".")) return bounded("[^\\n]");
  if (cursor.take("^")) return bounded("(?<![^\\n])");
  if (cursor.take("$")) return bounded("(?![^\\n])");
  if ("*+?".includes(cursor.peek())) throw unsupportedRegex(cursor, "a quantifier with nothing before it");
  return bounded(literalSource(cursor, state.ignoreCase));
}

const groupOpenings: readonly string[] = ["(?:", "(?=", "(?!", "(?<=", "(?<!"];

function group(cursor: RegexCursor, state: { ignoreCase: boolean }, depth: number): Fragment {
  if (cursor.take("(?#")) {
    while (!cursor.take(")")) cursor.next();
    return bounded("");
  }
  if (cursor.take("(?>")) return atomic(cursor, body(cursor, state.ignoreCase, depth));
  const opening = groupOpenings.find((candidate) => cursor.take(candidate));
  if (opening) return wrap(opening, body(cursor, state.ignoreCase, depth));
  const flags = cursor.takeMatch(/\(\?([imsx]*)(?:-([imsx]+))?([:)])/y);
  if (flags) {
    const [, on = "", off = "", end] = flags;
    if (/[msx]/.test(on)) throw unsupportedRegex(cursor, `the flags "${on}"`);
    const ignoreCase = (state.ignoreCase || on.includes("i")) && !off.includes("i");
    if (end === ":") return wrap("(?:", body(cursor, ignoreCase, depth));
    state.ignoreCase = ignoreCase;
    return bounded("");
  }
  if (cursor.takeMatch(/\(\?<[A-Za-z_]\w*>/y) || (cursor.peek(2) !== "(?" && cursor.take("("))) {
    return wrap("(?:", body(cursor, state.ignoreCase, depth));
  }
  throw unsupportedRegex(cursor, "a kind of group that is not known");
}

function body(cursor: RegexCursor, ignoreCase: boolean, depth: number): Fragment {
  const inner = alternatives(cursor, ignoreCase, depth + 1);
  if (!cursor.take(")")) throw unsupportedRegex(cursor, "a group that is not closed");
  return inner;
}

function wrap(opening: string, inner: Fragment): Fragment {
  return { source: `${opening}${inner.source})`, unbounded: inner.unbounded };
}

/** (?>X) without giving back: the look-ahead captures what X matches first, the reference consumes exactly that. */
function atomic(cursor: RegexCursor, inner: Fragment): Fragment {
  const name = cursor.freshName();
  return { source: `(?:(?=(?<${name}>${inner.source}))\\k<${name}>)`, unbounded: inner.unbounded };
}

function quantified(cursor: RegexCursor, atom: Fragment): Fragment {
  const quantifier = cursor.takeMatch(/[*+?]|\{\d+(?:,\d*)?\}|\{,\d+\}/y);
  if (!quantifier) return atom;
  const symbol = quantifier[0].replace("{,", "{0,");
  const repeatsUnbounded = symbol === "*" || symbol === "+" || symbol.endsWith(",}");
  if (repeatsUnbounded && atom.unbounded) {
    throw unsupportedRegex(cursor, "a repetition without bound inside another, which can take exponential time");
  }
  const repeated = { source: `${atom.source}${symbol}`, unbounded: atom.unbounded || repeatsUnbounded };
  if (cursor.take("?")) return quantified(cursor, { ...repeated, source: `(?:${repeated.source}?)` });
  // As in Ruby, a plus makes * + ? possessive, but after {n,m} it is a repetition of its own.
  if (symbol.length === 1 && cursor.take("+")) return quantified(cursor, atomic(cursor, repeated));
  if (/^(?:[*+?]|\{,?\d)/.test(cursor.peek(3))) return quantified(cursor, wrap("(?:", repeated));
  return repeated;
}

function bounded(source: string): Fragment {
  return { source, unbounded: false };
}
