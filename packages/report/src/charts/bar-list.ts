import type { Markup } from "../markup.ts";
import { html } from "../markup.ts";

/** A horizontal bar of a share of the width; decoration only, the number stands beside it as text. */
export function bar(share: number, tone: "after" | "before" | "accent", lost = 0): Markup {
  const part = (value: number): string => (100 * Math.min(1, Math.max(0, value))).toFixed(2);
  return html`<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="8"/><rect class="fill ${tone}" width="${part(share)}" height="8"/>${lost > 0 && html`<rect class="fill lost" x="${part(share)}" width="${part(lost)}" height="8"/>`}</svg>`;
}
