import { Parser } from "htmlparser2";

/** Elements whose content a reader does not see. */
const skipped = new Set(
  "script style title noscript template object applet iframe select textarea svg math".split(" "),
);
/** Elements that stand on lines of their own. */
const blocks = new Set(
  (
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption " +
    "figure footer form header hr html li legend main menu nav ol pre section summary table tbody tfoot " +
    "thead tr ul"
  ).split(" "),
);
/** Elements with an empty line around them. */
const paragraphs = new Set(["p", "h1", "h2", "h3", "h4", "h5", "h6"]);
/** Elements that have no content, so that they cannot hide any. */
const voids = new Set("area base br col embed hr img input link meta param source track wbr".split(" "));

/** A style that hides its element. */
const hiding = /display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*[01](?:px|pt)?\s*(?:[;!]|$)/i;

/**
 * Turns HTML into the text that a reader sees: blocks on lines of their own, list items with "- ", table cells apart,
 * alternative texts of images, `pre` as it is. Scripts, styles, comments and elements hidden by style are left out.
 * The tokenizer is htmlparser2, which repairs what browsers repair; memory is bounded by the text, nesting costs nothing.
 */
export function htmlToText(html: string): string {
  const output = createTextOutput();
  // Names of open elements that hide their content; a text is visible while there are none.
  const hidden: string[] = [];
  let preformatted = 0;
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        if (
          hidden.length > 0 ||
          skipped.has(name) ||
          "hidden" in attributes ||
          hiding.test(attributes["style"] ?? "")
        ) {
          if (!voids.has(name)) hidden.push(name);
          return;
        }
        if (name === "pre") preformatted += 1;
        if (name === "br") output.lines(1);
        else if (paragraphs.has(name)) output.breakLines(2);
        else if (blocks.has(name)) output.breakLines(1);
        if (name === "li") output.text("- ");
        else if (name === "td" || name === "th") output.gap();
        else if (name === "img" && attributes["alt"]) output.text(` ${attributes["alt"]} `);
      },
      ontext(text) {
        if (hidden.length > 0) return;
        if (preformatted > 0) output.verbatim(text);
        else output.text(text);
      },
      onclosetag(name) {
        if (hidden.length > 0) {
          if (hidden.at(-1) === name) hidden.pop();
          return;
        }
        if (name === "pre") preformatted = Math.max(0, preformatted - 1);
        if (paragraphs.has(name)) output.breakLines(2);
        else if (blocks.has(name)) output.breakLines(1);
      },
    },
    { decodeEntities: true, lowerCaseTags: true },
  );
  parser.write(closeComment(html));
  parser.end();
  return output.finish();
}

/** A comment that never ends would hide the rest; what shows it, as browsers of its time did, takes it for a tag. */
function closeComment(html: string): string {
  const opening = html.lastIndexOf("<!--");
  return opening > html.lastIndexOf("-->") ? `${html.slice(0, opening)}<x${html.slice(opening + 4)}` : html;
}

interface TextOutput {
  /** Adds text; white space of any kind becomes one space. */
  text(text: string): void;
  /** Adds text as it is. */
  verbatim(text: string): void;
  /** Adds a space between neighbours on one line. */
  gap(): void;
  /** Adds so many line ends. */
  lines(count: number): void;
  /** Makes sure that so many line ends come before what follows. */
  breakLines(count: number): void;
  finish(): string;
}

function createTextOutput(): TextOutput {
  let pieces: string[] = [];
  let pendingLines = 0;
  let pendingSpace = false;
  let empty = true;
  const push = (text: string): void => {
    if (pendingLines > 0 && !empty) pieces.push("\n".repeat(Math.min(pendingLines, 2)));
    else if (pendingSpace && !empty) pieces.push(" ");
    pendingLines = 0;
    pendingSpace = false;
    empty = false;
    pieces.push(text);
  };
  return {
    text(text) {
      const folded = text.replace(/[ \t\r\n\f]+/g, " ");
      if (folded.startsWith(" ")) pendingSpace = true;
      const trimmed = folded.replace(/^ | $/g, "");
      if (trimmed === "") return;
      push(trimmed);
      pendingSpace = folded.endsWith(" ");
    },
    verbatim(text) {
      if (text !== "") push(text);
    },
    gap() {
      pendingSpace = true;
    },
    lines(count) {
      pendingLines += count;
    },
    breakLines(count) {
      pendingLines = Math.max(pendingLines, count);
    },
    finish() {
      const text = pieces.join("");
      pieces = [];
      return text.trim();
    },
  };
}
