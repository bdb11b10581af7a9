import { htmlToText } from "../html-to-text.ts";
import { decodeEncodedWords } from "./encoded-words.ts";
import { cameThroughList } from "./mailing-list.ts";
import { readDate } from "./read-date.ts";
import { type MailHeaders, readHeaders } from "./read-headers.ts";
import { type MailText, readMailTexts } from "./read-parts.ts";
import { threadKeys } from "./thread-keys.ts";

/** What a reader sees of a mail, and what ties it to others. */
export interface ParsedMail {
  /** Subject, decoded, on one line. */
  readonly subject: string;
  /** The text that a reader sees; HTML is turned into text. */
  readonly body: string;
  /** Whether the body, or part of it, was HTML. */
  readonly html: boolean;
  /** Address in From, lower case; empty when there is none. */
  readonly sender: string;
  /** Message ids of the thread and the bare subject. */
  readonly thread: readonly string[];
  /** Whether it came through a mailing list. */
  readonly list: boolean;
  /** Date as ISO 8601 in UTC, when it can be read. */
  readonly date: string | undefined;
}

/**
 * Parses a mail as it was stored: header, encoded words, nested parts, transfer encodings, character sets. Broken mails
 * are read as far as they go; nothing that is in a mail makes this throw.
 */
export function parseMail(raw: string): ParsedMail {
  const { headers, body } = readHeaders(raw.replace(/^\s*\n/, "").replace(/^>?From .*\n/, ""));
  const subject = decodeEncodedWords(headers.get("subject")?.[0] ?? "")
    .replace(/\s+/g, " ")
    .trim();
  const texts = readMailTexts(headers, body, chooseAlternative);
  return {
    subject,
    body: texts
      .map(toText)
      .filter((text) => text !== "")
      .join("\n\n"),
    html: texts.some((text) => text.kind === "html"),
    sender: readSender(headers),
    thread: threadKeys(headers, subject),
    list: cameThroughList(headers, subject),
    date: readDate(headers.get("date")?.[0]),
  };
}

/** An attachment from before MIME: "begin 644 name", lines of up to 61 printable characters, "end". */
const uuencoded = /^begin [0-7]{3,4} [^\n]{1,200}\n(?:[ -`]{1,62}\r?\n)+end[ \t]*\r?$/gm;

function toText({ kind, text }: MailText): string {
  if (kind === "plain") return text.replace(uuencoded, "").trim();
  // Lists append their footers to HTML as plain text, whose lines must not run together.
  let end = 0;
  for (const tag of text.matchAll(/<[/!]?[a-z][^<>]*>/gi)) end = tag.index + tag[0].length;
  return `${htmlToText(text.slice(0, end))}\n\n${text.slice(end).trim()}`.trim();
}

/**
 * Of alternatives the plain one is written for reading as text; but spam fills it with nothing or with nonsense, so it
 * must hold at least a third of what the HTML says.
 */
function chooseAlternative(alternatives: readonly MailText[][]): MailText[] {
  const plain = alternatives.find((texts) => texts.every((text) => text.kind === "plain"));
  const rich = alternatives.findLast((texts) => texts.some((text) => text.kind === "html"));
  if (plain === undefined || rich === undefined) return plain ?? rich ?? [];
  const length = (texts: readonly MailText[]): number => texts.reduce((sum, text) => sum + toText(text).length, 0);
  return length(plain) * 3 >= length(rich) ? plain : rich;
}

function readSender(headers: MailHeaders): string {
  const from = headers.get("from")?.[0] ?? headers.get("sender")?.[0] ?? "";
  const address =
    /<\s*([^<>\s]+@[^<>\s]+)\s*>/.exec(from)?.[1] ?? /[^\s<>()",;:]+@[^\s<>()",;:]+/.exec(from)?.[0] ?? "";
  return address.toLowerCase();
}
