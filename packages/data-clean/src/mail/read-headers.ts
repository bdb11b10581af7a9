/** The header fields of a mail or of one of its parts: names in lower case, values unfolded, in their order. */
export type MailHeaders = ReadonlyMap<string, readonly string[]>;

/** A mail or part cut into its header and its body. */
export interface HeaderSplit {
  /** The header fields. */
  readonly headers: MailHeaders;
  /** Everything after the first empty line. */
  readonly body: string;
}

/** Header lines beyond this are taken for body: no real mail has as many. */
const maxHeaderLines = 2000;

/**
 * Cuts a text at its first empty line and reads the fields before it (RFC 5322, section 2.2). Folded lines are joined;
 * an mbox "From " line and lines that are no field are passed over, as real mails have both.
 */
export function readHeaders(text: string): HeaderSplit {
  const headers = new Map<string, string[]>();
  let last: string[] | undefined;
  let start = 0;
  for (let count = 0; count < maxHeaderLines && start < text.length; count++) {
    const end = text.indexOf("\n", start);
    const next = end < 0 ? text.length : end + 1;
    const line = text.slice(start, end < 0 ? text.length : end).replace(/\r$/, "");
    if (line.trim() === "") return { headers, body: text.slice(next) };
    const field = /^([!-9;-~]{1,200}):[ \t]*(.*)$/s.exec(line);
    if (/^[ \t]/.test(line)) {
      if (last !== undefined) last.push(`${last.pop() ?? ""} ${line.trim()}`);
    } else if (field !== null) {
      const name = field[1]!.toLowerCase();
      last = headers.get(name) ?? [];
      headers.set(name, last);
      last.push(field[2]!.trimEnd());
    }
    start = next;
  }
  return { headers, body: text.slice(start) };
}

/** A header value with parameters, such as Content-Type. */
export interface ParameterisedValue {
  /** What stands before the first semicolon, lower case. */
  readonly value: string;
  /** Parameters by lower-case name; quotes are removed. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Reads `value; name=text; name="text"`; what does not fit is passed over. */
export function readParameters(header: string | undefined): ParameterisedValue {
  const text = header ?? "";
  const value = (/^[^;]*/.exec(text)?.[0] ?? "").trim().toLowerCase();
  const parameters = new Map<string, string>();
  for (const match of text.slice(0, 10_000).matchAll(/;\s*([\w*-]{1,50})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))/g)) {
    const name = match[1]!.toLowerCase();
    if (!parameters.has(name)) parameters.set(name, match[2]?.replace(/\\(.)/g, "$1") ?? match[3] ?? "");
  }
  return { value, parameters };
}
