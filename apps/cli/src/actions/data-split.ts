import { type DataStage, exportSplits, type SplitReport, splitStage } from "@attune/data-core";
import { AttuneError, type JsonObject } from "@attune/spec";
import { formatCount } from "../terminal/format-number.ts";
import { renderTable } from "../terminal/table.ts";
import type { VerbAction } from "../verb.ts";
import type { DataSplitOptions } from "../verbs/data-split.ts";
import { runStages } from "./run-stages.ts";

/** Splits, and writes each part into a file of its own. */
export const dataSplit: VerbAction<DataSplitOptions> = async (options, context) => {
  const { output, validation, test, groupBy, stratifyBy, seed } = options;
  if (/\.jsonl$/i.test(output)) {
    throw new AttuneError("OPTIONS_INVALID", `Expected --output to be a folder, but received ${output}.`, {
      hint: "A split writes train.jsonl, validation.jsonl and test.jsonl into it.",
    });
  }
  const stage = { stage: splitStage as DataStage, options: { validation, test, groupBy, stratifyBy, seed } };
  const { results, result } = await runStages([stage], options, context);
  const files = await exportSplits(results.at(-1)!.directory, output);
  const report = results.at(-1)!.manifest.report["split"] as unknown as SplitReport;
  const paths = Object.fromEntries(Object.entries(files).map(([part, { path }]) => [part, path]));
  return { json: { ...result.json, files: paths } as JsonObject, text: describeSplit(report, output) };
};

function describeSplit({ sizes, perClass, groups, leaks }: SplitReport, output: string): string {
  const parts = Object.keys(sizes) as (keyof SplitReport["sizes"])[];
  const classes = Object.keys(perClass[parts[0]!]);
  const rows = parts.map((part) => [
    part,
    formatCount(sizes[part]),
    ...classes.map((name) => formatCount(perClass[part][name]!)),
  ]);
  const table = renderTable(["part", "records", ...classes.map((name) => name || "(no label)")], rows);
  return `${table}\n${formatCount(groups.count)} groups, the largest with ${formatCount(groups.largest)} records; ${leaks} leaks\nwritten to ${output}`;
}
