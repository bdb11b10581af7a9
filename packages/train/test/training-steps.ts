// A program of its own, so that no test runner lives in the process whose memory is measured: a long run of the loop, whose
// resident memory is taken at three steps. Prints one JSON document.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createExampleSource, fileJournal } from "../src/index.ts";
import { tinyExamples, tinyRun } from "./tiny-run.ts";

/** Steps before the first look, and between the looks. */
const [warmUp, measured] = [1000, 1000];
const folder = mkdtempSync(join(tmpdir(), "attune-steps-"));
const resident: number[] = [];

await tinyRun({
  rows: 1,
  blockLength: 16,
  steps: warmUp + 2 * measured,
  learningRate: 0.001,
  more: {
    journal: fileJournal({
      metrics: join(folder, "metrics.jsonl"),
      checkpoint: join(folder, "checkpoint"),
      every: 250,
      resume: false,
    }),
    evaluation: {
      every: 250,
      async *batches() {
        yield await createExampleSource({
          examples: tinyExamples(4, 0, 8),
          rows: 1,
          blockLength: 16,
          padId: 0,
          seed: 0,
        }).next();
      },
    },
    onProgress({ done }) {
      if (done < warmUp || (done - warmUp) % measured !== 0) return;
      (globalThis as unknown as { gc: () => void }).gc();
      resident.push(process.memoryUsage.rss());
    },
  },
});
rmSync(folder, { recursive: true });
process.stdout.write(JSON.stringify({ resident, steps: measured }));
