import type { Markup, MarkupValue } from "../markup.ts";
import { html } from "../markup.ts";
import type { Fact } from "../report-data.ts";

/** A titled part of the report. */
export function section(id: string, title: string, lead: MarkupValue, body: MarkupValue): Markup {
  return html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${lead !== undefined && html`<p class="lead">${lead}</p>`}${body}</section>`;
}

/** A picture with its caption. */
export function figure(caption: MarkupValue, body: MarkupValue): Markup {
  return html`<figure><figcaption>${caption}</figcaption>${body}</figure>`;
}

/** Names and values under each other. */
export function factList(facts: readonly Fact[]): Markup {
  return html`<dl class="facts">${facts.map(({ name, value }) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** A table that scrolls sideways by itself where the page is too narrow. */
export function table(
  caption: string,
  head: readonly MarkupValue[],
  rows: readonly (readonly MarkupValue[])[],
): Markup {
  const cells = (row: readonly MarkupValue[]): Markup =>
    html`<tr>${row.map((value, index) => (index === 0 ? html`<th scope="row">${value}</th>` : html`<td>${value}</td>`))}</tr>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><caption class="hidden">${caption}</caption><thead><tr>${head.map((value) => html`<th scope="col">${value}</th>`)}</tr></thead><tbody>${rows.map(cells)}</tbody></table></div>`;
}
