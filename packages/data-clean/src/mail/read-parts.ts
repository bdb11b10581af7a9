import { type MailHeaders, readHeaders, readParameters } from "./read-headers.ts";
import { decodeBody } from "./transfer-encoding.ts";

/** A text that a reader of the mail sees. */
export interface MailText {
  /** How it is written. */
  readonly kind: "plain" | "html";
  /** Decoded, not yet cleaned. */
  readonly text: string;
}

/** How deep parts may be nested and how many there may be in all; what is beyond is not read. */
const limits = { depth: 12, parts: 500 };

/** A body that opens with a boundary line, at most after the sentence that old mail readers see. */
const lostBoundary = /^\s*(?:this is a [^\n]*\bmessage[^\n]*\n)?\s*--(\S{5,100})\r?\nContent-Type:/i;

/**
 * Returns the texts of a mail in reading order: of alternatives the one to be read, of signed mails the signed part, no
 * attachments. `choose` picks among alternatives.
 */
export function readMailTexts(
  headers: MailHeaders,
  body: string,
  choose: (alternatives: readonly MailText[][]) => MailText[],
): MailText[] {
  const budget = { parts: limits.parts };
  const read = (partHeaders: MailHeaders, partBody: string, depth: number): MailText[] => {
    if (depth > limits.depth || budget.parts-- <= 0) return [];
    const contentType = readParameters(partHeaders.get("content-type")?.[0]);
    const disposition = readParameters(partHeaders.get("content-disposition")?.[0]);
    if (depth > 0 && disposition.value === "attachment") return [];
    const [type, subtype] = contentType.value.split("/");
    if (type === "multipart") {
      const parts = splitParts(partBody, contentType.parameters.get("boundary"));
      if (parts === undefined) return [readLeaf(partHeaders, partBody, undefined)];
      const texts = parts.map((part) => readPart(part, depth + 1));
      if (subtype === "alternative") return choose(texts.filter((each) => each.length > 0));
      return texts.flat();
    }
    if (contentType.value === "message/rfc822") return readPart(partBody.trimStart(), depth + 1);
    // A broken header often loses the Content-Type while the parts are there.
    const lost = depth === 0 ? lostBoundary.exec(partBody.slice(0, 1000))?.[1] : undefined;
    const found = lost === undefined ? undefined : splitParts(partBody, lost);
    if (found !== undefined) return found.flatMap((part) => readPart(part, depth + 1));
    const isText = type === "" || type === "text" || !contentType.value.includes("/");
    if (!isText || ["calendar", "x-vcard", "directory"].includes(subtype ?? "")) return [];
    return [readLeaf(partHeaders, partBody, contentType.parameters.get("charset"))];
  };
  const readPart = (part: string, depth: number): MailText[] => {
    const inner = readHeaders(part);
    return read(inner.headers, inner.body, depth);
  };
  return read(headers, body, 0);
}

function readLeaf(headers: MailHeaders, body: string, charset: string | undefined): MailText {
  const text = decodeBody(body, headers.get("content-transfer-encoding")?.[0], charset);
  const declared = readParameters(headers.get("content-type")?.[0]).value;
  return { kind: isHtml(text, declared) ? "html" : "plain", text };
}

const anyTag = /<\/?(?:a|b|body|br|center|div|font|h[1-6]|html|img|li|p|span|strong|table|td|tr|u|ul)\b[^<>]{0,500}>/gi;
/** Tags that shape a page; links alone are also written into plain text, for the readers of one large provider. */
const layoutTag = /<\/?(?:body|br|center|div|font|h[1-6]|html|img|p|span|table|td|tr)\b[^<>]{0,500}>/gi;

/** Spam often claims plain text and sends HTML, or claims HTML and sends none. */
export function isHtml(text: string, declaredType: string): boolean {
  const head = text.slice(0, 20_000);
  if (/^\s*<(?:!doctype\s+html|html|head|body)\b/i.test(head)) return true;
  return declaredType === "text/html" ? head.search(anyTag) >= 0 : (head.match(layoutTag)?.length ?? 0) >= 5;
}

/** Cuts a multipart body at its boundary lines (RFC 2046, section 5.1); undefined when the boundary never occurs. */
function splitParts(body: string, boundary: string | undefined): string[] | undefined {
  if (boundary === undefined || boundary === "") return undefined;
  const marker = `--${boundary}`;
  const rest = /(--)?[ \t]*(?:\r?\n|$)/y;
  const parts: string[] = [];
  let partStart = -1;
  for (let at = body.indexOf(marker); at >= 0; at = body.indexOf(marker, at + marker.length)) {
    rest.lastIndex = at + marker.length;
    const line = at === 0 || body[at - 1] === "\n" ? rest.exec(body) : null;
    if (line === null) continue;
    if (partStart >= 0) parts.push(body.slice(partStart, at));
    partStart = line[1] === undefined ? rest.lastIndex : -1;
    if (partStart < 0 || parts.length > limits.parts) return parts;
  }
  // A mail that was cut off has no closing boundary.
  if (partStart >= 0) parts.push(body.slice(partStart));
  return parts.length > 0 ? parts : undefined;
}
