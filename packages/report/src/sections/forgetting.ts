import { formatCount, formatQuantity } from "@attune/spec";
import { dotWhisker } from "../charts/dot-whisker.ts";
import { formatDifference, formatInterval } from "../format-estimate.ts";
import type { Markup } from "../markup.ts";
import { html } from "../markup.ts";
import type { ForgettingSection } from "../report-data.ts";
import { factList, figure, section } from "./section.ts";

/** What adapting cost on general text. */
export function forgettingSection(data: ForgettingSection): Markup {
  const { text, documents, tokens, before, after, difference, perplexityRatio, limit } = data;
  const change = perplexityRatio.value - 1;
  const within = limit === undefined || perplexityRatio.value <= limit;
  const verdict =
    limit !== undefined &&
    html`<p class="check ${within ? "good" : "bad"}">Perplexity ${change < 0 ? "fell" : "rose"} by ${formatQuantity(Math.abs(change), "share")}; at most ${formatQuantity(limit - 1, "share")} was allowed.</p>`;
  const range = formatInterval(difference, "bits/byte");
  const ratioRange = formatInterval(perplexityRatio, "ratio");
  return section(
    "forgetting",
    "What did it forget?",
    html`Learning one thing can spoil another. Both models read ${text}: ${formatCount(documents)} pieces, ${formatCount(tokens)} tokens that neither trained on.`,
    html`${verdict}<div class="columns">${factList([
      { name: "Base", value: `${formatQuantity(before, "bits/byte")} bits per byte` },
      { name: "Adapted", value: `${formatQuantity(after, "bits/byte")} bits per byte` },
      {
        name: "Difference",
        value: `${formatDifference(difference.value, "bits/byte")} bits per byte${range === undefined ? "" : ` (${range})`}`,
      },
      {
        name: "Perplexity, after over before",
        value: `${formatQuantity(perplexityRatio.value, "ratio")}${ratioRange === undefined ? "" : ` (${ratioRange})`}`,
      },
    ])}${figure(
      html`<strong>Perplexity, after over before</strong> <span class="muted">1 means that nothing was forgotten.</span>`,
      dotWhisker({
        title: "Perplexity after over before",
        unit: "ratio",
        rows: [
          { name: "nothing forgotten", role: "before", estimate: { value: 1 } },
          { name: "adapted", role: "after", estimate: perplexityRatio },
          ...(limit === undefined ? [] : [{ name: "allowed", role: "baseline" as const, estimate: { value: limit } }]),
        ],
      }),
    )}</div>`,
  );
}
