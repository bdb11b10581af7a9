/**
 * Footers that list servers and list hosts append. They say nothing about a mail but that it came through a list, and
 * most good mail of public corpora does: left in, they would give the label away.
 */

/** A line that only list servers write. */
const listLine = new RegExp(
  [
    "mailing list\\s*(?:\\(.*\\))?\\s*$",
    "\\blistinfo\\b",
    "https?://\\S*/(?:mailman|pipermail|mailing-lists?|majordomo)\\b",
    "https?://lists?\\.\\S+",
    "\\b(?:un)?subscri(?:be|ption)\\b.*(?:\\b[\\w.+-]+@\\S+|list|\\bgroup\\b|https?:|digest|send|mail)",
    "^to (?:un)?subscribe\\b",
    "\\b[\\w.+-]+-(?:un)?subscribe(?:-[\\w.=+-]*)?@\\S+",
    "\\b[\\w.+-]+-(?:request|help|owner)@\\S+",
    "for additional commands",
    "list maintainer:|listmaster@|linux users' group:",
    "your use of yahoo! groups is subject to",
    "^this (?:sf\\.?net|thinkgeek|sourceforge)?\\s*e?-?mail is sponsored by",
    "^in remembrance\\s*$",
    "^https?://\\S+\\s*$",
    "^[\\w.+-]+@[\\w.-]+\\s*$",
    "^(?:list archives?|archives?|faq|list (?:info|help|home ?page))\\b.*(?:https?:|:)",
    "^the archives of this list|^(?:majordomo|mailman|ezmlm|listserv)\\b",
    "posting (?:rules|guidelines)|list (?:policy|rules|guidelines)",
  ].join("|"),
  "i",
);
/** Of those, the ones that alone tell a footer. */
const certainLine = new RegExp(
  [
    "\\blistinfo\\b|mailing list\\s*$|linux users' group:|yahoo! groups is subject",
    "\\b[\\w.+-]+-(?:un)?subscribe(?:-[\\w.=+-]*)?@",
    "^to unsubscribe.*(?:@|list|group|majordomo|https?:)|send .*unsubscribe.*(?:to|in)|unsubscribe.*\\b[\\w.+-]+-request@",
    "for additional commands|majordomo@|email is sponsored by|list maintainer:|posting rules",
    "^you are currently subscribed to \\S+ as:|\\bleave-[\\w.-]+@",
    // What free mail hosts append looks the same and says as little.
    "^do you yahoo!\\?|join the world.s largest e-?mail|^(?:chat with friends online|send and receive hotmail|get your free)\\b|msn (?:messenger|photos|8)\\b|juno platinum",
  ].join("|"),
  "i",
);
const bareUrl = /^https?:\/\/\S+\s*$/i;
const rule = /^\s*(?:[_=*#~-]\s?){8,}\s*(?:>|~->|-~>)?\s*$|^\s*--\s*$/;

/** The advertisement of a Yahoo group and that of a SourceForge list, which may stand above a signature. */
const sponsorBlocks = [
  /^-{4,} ?Yahoo! Groups Sponsor ?-+~?-*>?[^\n]*\n[\s\S]{0,1500}?^-{20,}~?-*>?[^\n]*$/gim,
  /^-{20,}\nThis (?:sf\.?net|thinkgeek|sourceforge)[^\n]*(?:sponsor|mail)[^\n]*\n[\s\S]{0,800}?(?=^_{20,}|^-{20,}$|$(?![\s\S]))/gim,
  /^Your use of Yahoo! Groups is subject to [^\n]*$/gim,
];

/** Longest footer in lines, and its longest line in characters. */
const maxLines = 14;
const maxWidth = 300;

/** Removes footers of mailing lists from the end of a body, also several one after the other, and sponsors' blocks. */
export function stripListFooters(body: string): string {
  let lines = sponsorBlocks
    .reduce((text, pattern) => text.replace(pattern, ""), body)
    .trimEnd()
    .split("\n");
  for (let start = footerStart(lines); start !== undefined; start = footerStart(lines)) {
    lines = lines.slice(0, start);
    while (lines.length > 0 && (lines.at(-1)?.trim() === "" || rule.test(lines.at(-1)!))) lines.pop();
  }
  return lines.join("\n");
}

/**
 * Where a footer starts: at the last rule (a line of underscores, dashes, ...) when what is below is short and holds a
 * line that tells a footer for certain; otherwise at the end of the last paragraph, where lines of the kind that
 * footers have stand together and hold one.
 */
function footerStart(lines: readonly string[]): number | undefined {
  const first = Math.max(0, lines.length - maxLines);
  const lastRule = lines.findLastIndex((line, at) => at >= first && rule.test(line));
  if (lastRule >= 0 && holdsCertain(lines.slice(lastRule + 1))) return lastRule;
  let start = lines.length;
  while (start > first && lines[start - 1]!.trim() !== "" && isListLine(lines[start - 1]!)) start--;
  // A bare address above is what the mail is about rather than part of the footer.
  const wholeParagraph = start === 0 || lines[start - 1]!.trim() === "";
  while (!wholeParagraph && start < lines.length && bareUrl.test(lines[start]!) && !certainLine.test(lines[start]!))
    start++;
  return holdsCertain(lines.slice(start)) ? start : undefined;
}

function holdsCertain(lines: readonly string[]): boolean {
  return lines.some((line) => line.length <= maxWidth && certainLine.test(line));
}

function isListLine(line: string): boolean {
  return line.length <= maxWidth && (listLine.test(line) || certainLine.test(line));
}
