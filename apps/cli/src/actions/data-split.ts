import { type DataStage, exportSplits, type SplitReport, splitStage } from "@attune/data-core";
import { AttuneError, type JsonObject } from "@attune/spec";
import { describeParts } from "../describe/describe-parts.ts";
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
  const { results, result } = await runStages([stage], options, context, ["train", "validation", "test"]);
  const { directory, manifest } = results.at(-1)!;
  const { files, leaks } = await exportSplits(directory, output, manifest.options["groupBy"] as readonly string[]);
  const report = { ...(manifest.report["split"] as unknown as SplitReport), leaks };
  const paths = Object.fromEntries(Object.entries(files).map(([part, { path }]) => [part, path]));
  return {
    json: { ...result.json, files: paths } as JsonObject,
    text: `${describeSplit(report)}\nwritten to ${output}`,
  };
};

function describeSplit({ sizes, perClass, groups, leaks }: SplitReport): string {
  const parts = (Object.keys(sizes) as (keyof SplitReport["sizes"])[]).map((name) => ({
    name,
    records: sizes[name],
    available: sizes[name],
    perClass: perClass[name],
  }));
  return describeParts({ parts, groups, leaks, unit: "records" });
}
