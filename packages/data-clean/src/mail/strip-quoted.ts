/** A line that answers to another mail begins so: "> text", "JD> text". */
const quoted = /^\s{0,4}(?:>|[A-Z]{1,4}>(?=\s|>))/;
/** A bar quotes only in runs, since it also draws tables. */
const barred = /^\s{0,2}[|:](?:\s|$)/;
/** The line, or the end of it, that names who is quoted. */
const attribution =
  /(?:\b(?:wrote|writes|said|says|schrieb|schreibt|écrit|a écrit|skrev|scripsit|typed|spake|stated|muttered|mumbled)\b[^.!?\n]{0,60}|^\s*\S.{0,120}@.{0,80}|^\s*(?:in (?:reply|a message|article)|quoting|at \d|on (?:mon|tue|wed|thu|fri|sat|sun|\d))\b.{0,160}):\s*-?\s*$/i;
/** What Outlook and its kin put above the mail that is answered; everything below belongs to it. */
const originalMessage =
  /^\s*(?:-{2,}\s*(?:original message|ursprüngliche nachricht|message d'origine|reply separator)\s*-{2,}|_{10,}\s*reply separator\s*_{10,}|-{5,}\s*original message.*)\s*$/i;

/**
 * Removes what a mail quotes from the one it answers: quoted lines, the line that introduces them, and everything below
 * an "Original Message" mark. Forwarded mails are kept: they are what is sent.
 */
export function stripQuoted(body: string): string {
  const all = body.split("\n");
  const cut = all.findIndex(
    (line, index) => originalMessage.test(line) && all.slice(0, index).some((above) => above.trim() !== ""),
  );
  const lines = cut < 0 ? all : all.slice(0, cut);
  const drop = markQuoted(lines);
  for (let at = 0; at < lines.length; at++) if (drop[at] && !drop[at - 1]) dropAttribution(lines, drop, at);
  const kept = lines.filter((_, at) => !drop[at]);
  return kept.join("\n");
}

function markQuoted(lines: readonly string[]): boolean[] {
  const drop = lines.map((line) => quoted.test(line));
  for (let at = 0; at < lines.length; at++) {
    let end = at;
    while (end < lines.length && barred.test(lines[end]!)) end++;
    if (end - at >= 3) drop.fill(true, at, end);
    at = Math.max(at, end);
  }
  return drop;
}

/** Drops the one to three lines above a quotation that say whose it is. */
function dropAttribution(lines: readonly string[], drop: boolean[], start: number): void {
  let end = start - 1;
  while (end >= 0 && lines[end]!.trim() === "") end--;
  if (end < 0 || drop[end] || start - end > 3) return;
  for (let first = Math.max(0, end - 2); first <= end; first++) {
    const range = lines.slice(first, end + 1);
    if (range.some((line, offset) => line.trim() === "" || drop[first + offset])) continue;
    const joined = range.join(" ");
    if (
      joined.length <= 240 &&
      attribution.test(joined) &&
      (first === end || /^\s*(?:on\b|at\b|in\b|[>"<])/i.test(range[0]!))
    ) {
      drop.fill(true, first, end + 1);
      return;
    }
  }
}
