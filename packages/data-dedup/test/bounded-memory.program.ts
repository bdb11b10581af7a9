/** Reads, deduplicates and splits a file; started by bounded-memory.test.ts with a heap far smaller than the file. */
import { fileSource, runDataPipeline, splitStage } from "@attune/data-core";
import { dedupStage } from "../src/index.ts";

const [path = "", output = ""] = process.argv.slice(2);
const results = await runDataPipeline({
  source: fileSource({ path }),
  output,
  memoryBudget: 2 ** 20,
  steps: [{ stage: dedupStage }, { stage: splitStage }],
});
console.log(JSON.stringify(results.map(({ manifest }) => manifest.counts)));
