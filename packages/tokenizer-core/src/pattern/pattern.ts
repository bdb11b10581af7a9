import { AttuneError, type FieldReader, textField } from "@attune/spec";
import { compileOnigurumaRegex } from "./oniguruma-regex.ts";

/** Finds the matches of a pattern in a text and reports each as a half-open range, in order. */
export type Pattern = (text: string, report: (from: number, to: number) => void) => void;

/** Makes a pattern that finds every match of a global regular expression. */
export function regexPattern(expression: RegExp): Pattern {
  return (text, report) => {
    expression.lastIndex = 0;
    for (let match = nextMatch(expression, text); match; match = nextMatch(expression, text)) {
      const from = match.index;
      const to = from + match[0].length;
      // The callback may use the same expression, so its place is set again.
      report(from, to);
      expression.lastIndex = to > from ? to : to + (text.codePointAt(to)! > 0xffff ? 2 : 1);
    }
  };
}

/** The engine remembers each step of a repetition and gives up at some millions of them. */
function nextMatch(expression: RegExp, text: string): RegExpExecArray | null {
  const from = expression.lastIndex;
  try {
    return expression.exec(text);
  } catch (cause) {
    throw new AttuneError(
      "INPUT_INVALID",
      `Expected words of at most a few million characters, but the text has a longer one at character ${from}.`,
      { hint: "Cut the text into documents or lines before it is encoded.", cause },
    );
  }
}

/** Makes a pattern that finds every occurrence of a text. */
export function literalPattern(literal: string): Pattern {
  return (text, report) => {
    if (literal === "") return;
    for (let from = text.indexOf(literal); from >= 0; from = text.indexOf(literal, from + literal.length)) {
      report(from, from + literal.length);
    }
  };
}

/** Reads `{"String": …}` or `{"Regex": …}` under the key `pattern`. */
export function patternField(section: FieldReader): {
  readonly pattern: Pattern;
  readonly literal: string | undefined;
} {
  const inner = section.object("pattern");
  if ("String" in inner.fields) {
    const literal = inner.read("String", textField);
    return { pattern: literalPattern(literal), literal };
  }
  if ("Regex" in inner.fields) {
    return {
      pattern: regexPattern(compileOnigurumaRegex(inner.read("Regex", textField), inner.where)),
      literal: undefined,
    };
  }
  throw inner.error(undefined, `expected "String" or "Regex", but found ${JSON.stringify(inner.fields)}.`);
}
