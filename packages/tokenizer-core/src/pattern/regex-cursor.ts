import { AttuneError } from "@attune/spec";

/** A place in a regular expression that is being translated. */
export class RegexCursor {
  readonly pattern: string;
  /** Where the pattern stands in its file. */
  readonly where: string;
  /** Index of the next UTF-16 unit. */
  position = 0;
  #names = 0;

  constructor(pattern: string, where: string) {
    this.pattern = pattern;
    this.where = where;
  }

  /** A name for a capturing group that no other group has. */
  freshName(): string {
    this.#names += 1;
    return `atomic${this.#names}`;
  }

  /** Whether nothing is left. */
  atEnd(): boolean {
    return this.position >= this.pattern.length;
  }

  /** The next units, without passing them. */
  peek(length = 1): string {
    return this.pattern.slice(this.position, this.position + length);
  }

  /** Passes a text if it comes next. */
  take(text: string): boolean {
    if (!this.pattern.startsWith(text, this.position)) return false;
    this.position += text.length;
    return true;
  }

  /** Passes what a sticky expression matches here. */
  takeMatch(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.position;
    const match = expression.exec(this.pattern);
    if (!match) return undefined;
    this.position += match[0].length;
    return match;
  }

  /** Passes and returns the next code point. */
  next(): string {
    const codePoint = this.pattern.codePointAt(this.position);
    if (codePoint === undefined) throw unsupportedRegex(this, "an end that comes too early");
    const character = String.fromCodePoint(codePoint);
    this.position += character.length;
    return character;
  }
}

/** Makes the error for a pattern that cannot be translated. */
export function unsupportedRegex(cursor: RegexCursor, problem: string): AttuneError {
  const near = cursor.pattern.slice(Math.max(0, cursor.position - 20), cursor.position + 10);
  return new AttuneError(
    "FILE_UNSUPPORTED",
    `${cursor.where}: cannot use the regular expression, there is ${problem} near ${JSON.stringify(near)}.`,
    { details: { key: cursor.where, position: cursor.position } },
  );
}
