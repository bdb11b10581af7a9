import { relative } from "node:path";
import type { RecipeConfig, RunResult } from "@attune/recipe";
import { runFolderLayout } from "@attune/run-folder";
import { AttuneError, formatQuantity, type JsonObject } from "@attune/spec";
import type { VerbResult } from "../verb.ts";
import { describeParts } from "./describe-parts.ts";
import { describeResults } from "./describe-results.ts";
import { describeTraining } from "./describe-training.ts";

/** What a run made, and the error of a gate that was not met. */
export function describeRun(result: RunResult, { report: { unit } }: RecipeConfig): VerbResult {
  const { folder, stages, table, training, gates, data, plan } = result;
  const { report, adapter, merged, model } = runFolderLayout(folder);
  const times = stages.map(
    ({ name, seconds, cached }) => `${name} ${cached ? "(as before)" : formatQuantity(seconds, "seconds")}`,
  );
  const text = [
    describeParts({ ...data, unit }),
    "",
    ...(table === undefined ? [] : [describeResults(table, { unit }), ""]),
    describeTraining(training),
    describeUsed(plan),
    `stages: ${times.join(", ")}`,
    `report: ${relative(process.cwd(), report) || report}`,
  ];
  const json = { ...result, paths: { report, adapter, merged, model } } as unknown as JsonObject;
  return { json, text: text.join("\n"), error: gateError(gates) };
}

/** What was used beside what was predicted before the first step. */
function describeUsed({ memory, time, used }: RunResult["plan"]): string {
  const { peakBytes, seconds } = used!;
  const peak = `${formatQuantity(peakBytes, "bytes")} at its peak (predicted ${formatQuantity(memory.peakBytes, "bytes")})`;
  return `used: ${peak}, ${formatQuantity(seconds, "seconds")} (predicted ${formatQuantity(time.seconds, "seconds")})`;
}

function gateError(gates: RunResult["gates"]): AttuneError | undefined {
  const failed = gates.filter(({ passed }) => !passed);
  if (failed.length === 0) return undefined;
  const sentences = failed.map(
    ({ metric, value, limit, higherIsBetter }) =>
      `${metric} is ${value.toFixed(4)}, not ${higherIsBetter ? "at least" : "at most"} ${limit}`,
  );
  return new AttuneError("GATE_FAILED", `The recipe's gate was not met: ${sentences.join("; ")}.`, {
    hint: "Everything was written; look at the report, or change evaluation.gate.",
  });
}
