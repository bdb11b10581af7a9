import { computeStats, type LengthSummary } from "@attune/data-core";
import { formatCount, type JsonObject } from "@attune/spec";
import { openRecords } from "../open/open-records.ts";
import type { DataInputOptions } from "../options/data-options.ts";
import { renderTable } from "../terminal/table.ts";
import type { VerbAction } from "../verb.ts";

const shownLabels = 20;

/** Reads all records once and describes them. */
export const dataStats: VerbAction<DataInputOptions> = async (options, { signal }) => {
  const stats = await computeStats((await openRecords(options)).open({ signal }));
  const lengths = [lengthRow("characters", stats.characters), lengthRow("words", stats.words)];
  const labels = Object.entries(stats.labels);
  const parts = [
    `${formatCount(stats.records)} records, ${formatCount(stats.duplicates)} of them with a text that came before`,
    renderTable(["length", "minimum", "mean", "median", "90 %", "99 %", "maximum"], lengths),
    renderTable(
      ["label", "records"],
      labels.slice(0, shownLabels).map(([name, count]) => [name || "(none)", formatCount(count)]),
    ),
    ...(labels.length > shownLabels ? [`and ${labels.length - shownLabels} more labels`] : []),
  ];
  return { json: stats as unknown as JsonObject, text: parts.join("\n\n") };
};

function lengthRow(name: string, { minimum, mean, median, p90, p99, maximum }: LengthSummary): string[] {
  return [name, ...[minimum, mean, median, p90, p99, maximum].map((value) => formatCount(Math.round(value)))];
}
