import { scoreRows } from "@attune/recipe";
import type { JsonObject } from "@attune/spec";
import { openToolbox } from "../open/open-toolbox.ts";
import { readObjects } from "../open/read-input.ts";
import { renderTable } from "../terminal/table.ts";
import type { VerbAction } from "../verb.ts";
import type { ScoreOptions } from "../verbs/score.ts";

/** Scores the rows of a file. */
export const score: VerbAction<ScoreOptions> = async (options, { host, signal, onProgress, note }) => {
  const { input, plugin, ...model } = options;
  const toolbox = await openToolbox(host, plugin);
  const rows = readObjects(input, host.stdin);
  const { rows: scores, seconds } = await scoreRows(toolbox, { ...model, rows, signal, onProgress, onNotice: note });
  const cells = scores.map(({ index, logprob, tokens, greedy }) => [
    String(index),
    logprob.toFixed(4),
    String(tokens),
    greedy ? "yes" : "no",
  ]);
  return {
    json: { rows: scores, seconds } as unknown as JsonObject,
    text: renderTable(["row", "log-probability", "tokens", "greedy"], cells),
  };
};
