import { formatCount } from "@attune/spec";
import { bar } from "../charts/bar-list.ts";
import type { Markup } from "../markup.ts";
import { html } from "../markup.ts";
import type { DataSection, FunnelStage, RuleCount, SplitPart } from "../report-data.ts";
import { section, table } from "./section.ts";

function rules(kind: "dropped" | "changed", counts: readonly RuleCount[]): Markup | undefined {
  if (counts.length === 0) return undefined;
  return html`<ul class="rules ${kind}">${counts.map(
    ({ rule, count, explanation }) =>
      html`<li><span class="rule-count">${kind === "dropped" ? "−" : ""}${formatCount(count)}</span> ${kind === "changed" && "changed: "}${rule}${explanation !== undefined && html`<span class="muted"> ${explanation}</span>`}</li>`,
  )}</ul>`;
}

function stage(
  { name, count, description, dropped = [], changed = [] }: FunnelStage,
  whole: number,
  unit: string,
): Markup {
  const lost = dropped.reduce((sum, rule) => sum + rule.count, 0);
  return html`<li><div class="stage-head"><strong>${name}</strong><span class="stage-count">${formatCount(count)} <span class="muted">${unit}</span></span></div>${bar(count / whole, "after", lost / whole)}${description !== undefined && html`<p class="muted">${description}</p>`}${rules("dropped", dropped)}${rules("changed", changed)}</li>`;
}

function splitTable(parts: readonly SplitPart[], unit: string): Markup {
  const labels = [...new Set(parts.flatMap(({ perLabel = {} }) => Object.keys(perLabel)))];
  const few = labels.length <= 8 ? labels : [];
  const grouped = parts.some(({ groups }) => groups !== undefined);
  const head = ["Part", unit, ...(grouped ? ["groups"] : []), ...few];
  const rows = parts.map(({ name, count, groups, perLabel = {} }) => [
    name,
    formatCount(count),
    ...(grouped ? [groups === undefined ? "–" : formatCount(groups)] : []),
    ...few.map((label) => formatCount(Object.hasOwn(perLabel, label) ? perLabel[label]! : 0)),
  ]);
  return html`<h3>Parts</h3>${table("Parts of the split", head, rows)}${labels.length > 8 && html`<p class="note">${labels.length} labels; the smallest has ${formatCount(smallest(parts, labels))} ${unit} in a part.</p>`}`;
}

const smallest = (parts: readonly SplitPart[], labels: readonly string[]): number =>
  Math.min(
    ...parts.flatMap(({ perLabel = {} }) =>
      labels.map((label) => (Object.hasOwn(perLabel, label) ? perLabel[label]! : 0)),
    ),
  );

function leakLine(leaks: number): Markup {
  return leaks === 0
    ? html`<p class="check good">No group occurs in two parts (leak count 0).</p>`
    : html`<p class="check bad">${formatCount(leaks)} groups occur in more than one part: the scores above are too good to be true.</p>`;
}

/** The funnel from raw records to parts, rule by rule. */
export function dataSection({ unit, stages, parts = [], leaks, notes = [] }: DataSection): Markup {
  const whole = Math.max(
    1,
    ...stages.map(({ count, dropped = [] }) => count + dropped.reduce((sum, rule) => sum + rule.count, 0)),
  );
  const funnel = stages.length > 0 && html`<ol class="funnel">${stages.map((own) => stage(own, whole, unit))}</ol>`;
  const split = parts.length > 0 && splitTable(parts, unit);
  return section(
    "data",
    "What went in",
    `Every ${unit.replace(/s$/, "")} that was left out is counted with the rule that did it.`,
    html`${funnel}${split}${leaks !== undefined && leakLine(leaks)}${notes.map((note) => html`<p class="note">${note}</p>`)}`,
  );
}
