import { formatCount } from "@attune/spec";
import type { Markup } from "../markup.ts";
import { html } from "../markup.ts";

const SHOWN_CHARACTERS = 420;

/** Lines of a text that are shown; mails are often columns of short ones. */
const SHOWN_LINES = 10;

/** The beginning of a text without splitting a character. */
function beginning(text: string): { readonly shown: string; readonly left: number } {
  const clean = text.trim().replace(/\n\s*\n/g, "\n");
  const lines = clean.split("\n", SHOWN_LINES).join("\n");
  const shown = lines.slice(0, SHOWN_CHARACTERS).replace(/[\ud800-\udbff]$/, "");
  return { shown, left: clean.length - shown.length };
}

/** The beginning of a text as a quotation, with how much of it is left. */
export function excerpt(text: string): Markup {
  const { shown, left } = beginning(text);
  return html`<blockquote dir="auto"><bdi>${shown}</bdi>${left > 0 && html`<span class="muted"> … ${formatCount(left)} more characters</span>`}</blockquote>`;
}
