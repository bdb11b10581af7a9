import { formatCount } from "@attune/spec";
import type { Markup } from "../markup.ts";
import { html } from "../markup.ts";
import type { ChangedDocument, ChangeSection } from "../report-data.ts";
import { excerpt } from "./excerpt.ts";
import { section } from "./section.ts";

function example({ id, text, label, before, after }: ChangedDocument): Markup {
  const mark = (answer: string): Markup =>
    html`<span class="answer ${answer === label ? "right" : "wrong"}">${answer}</span>`;
  return html`<li><p class="answers">${mark(before)} <span aria-hidden="true">→</span><span class="hidden">then</span> ${mark(after)} <span class="muted">truth: ${label}</span></p>${excerpt(text)}<p class="id">${id}</p></li>`;
}

function list(title: string, tone: "good" | "bad", group: ChangeSection["fixed"]): Markup {
  const { total, shown } = group;
  const rest = total - shown.length;
  const body =
    shown.length === 0 ? html`<p class="muted">None.</p>` : html`<ol class="examples">${shown.map(example)}</ol>`;
  return html`<div><h3><span class="pill ${tone}">${formatCount(total)}</span> ${title}</h3>${body}${rest > 0 && shown.length > 0 && html`<p class="muted">… and ${formatCount(rest)} more in the predictions file.</p>`}</div>`;
}

/** Documents whose answer changed in either direction, with their text. */
export function changesSection({ fixed, broken }: ChangeSection): Markup {
  return section(
    "changes",
    "What changed?",
    "Documents that were judged wrong before and right after, and the other way round.",
    html`<div class="columns">${list("now right", "good", fixed)}${list("now wrong", "bad", broken)}</div>`,
  );
}
