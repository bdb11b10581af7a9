import { formatQuantity } from "@attune/spec";
import type { Markup } from "../markup.ts";
import { html } from "../markup.ts";
import type { ReportData, Tile } from "../report-data.ts";

function tile({ label, value, before, note, tone = "neutral" }: Tile): Markup {
  return html`<li class="tile ${tone}"><span class="tile-label">${label}</span><span class="tile-value">${
    before !== undefined &&
    html`<span class="tile-before"><span class="hidden">before </span>${formatQuantity(before.value, before.unit)}</span><span class="arrow" aria-hidden="true">→</span><span class="hidden">now </span>`
  }<strong>${formatQuantity(value.value, value.unit)}</strong></span>${note !== undefined && html`<span class="tile-note">${note}</span>`}</li>`;
}

/** Title, summary, the large numbers and links to the sections. */
export function headerSection(
  data: ReportData,
  links: readonly { readonly id: string; readonly title: string }[],
): Markup {
  const { title, summary, createdAt, tiles = [] } = data;
  return html`<header><p class="brand">Attune report${createdAt !== undefined && html` · <time>${createdAt}</time>`}</p><h1>${title}</h1><p class="summary">${summary}</p>${
    tiles.length > 0 && html`<ul class="tiles">${tiles.map(tile)}</ul>`
  }<nav aria-label="Sections"><ul>${links.map(({ id, title: name }) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav></header>`;
}
