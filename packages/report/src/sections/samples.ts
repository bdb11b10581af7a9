import type { Markup } from "../markup.ts";
import { html } from "../markup.ts";
import type { Sample, SampleSection } from "../report-data.ts";
import { excerpt } from "./excerpt.ts";
import { section } from "./section.ts";

function part(title: string, text: string | undefined): Markup | false {
  return (
    text !== undefined &&
    html`<p class="said">${title}</p>${text === "" ? html`<p class="muted">Nothing.</p>` : excerpt(text)}`
  );
}

function sampleItem({ id, text, expected, before, after }: Sample): Markup {
  return html`<li>${excerpt(text)}${part("People wrote", expected)}${part("Before", before)}${part("After", after)}<p class="id">${id}</p></li>`;
}

/** What both models made of a few records, beside what people wrote. */
export function samplesSection({ drawn, samples }: SampleSection): Markup {
  return section("samples", "What does it say?", drawn, html`<ol class="examples">${samples.map(sampleItem)}</ol>`);
}
