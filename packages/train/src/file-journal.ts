import { appendJsonLines, type JsonLinesWriter, recoverFolder, truncateJsonLines } from "@attune/run-folder";
import { AttuneError, checkOptionKeys, type JsonObject } from "@attune/spec";
import { assertEvery } from "./assert-every.ts";
import { readCheckpoint, writeCheckpoint } from "./training-checkpoint.ts";
import type { TrainingJournal } from "./training-journal.ts";

/** Where a run's metrics and checkpoints go. */
export interface FileJournalOptions {
  /** Path of the JSON lines file of metrics. */
  readonly metrics: string;
  /** Folder of the last checkpoint. */
  readonly checkpoint: string;
  /** Steps between two checkpoints. */
  readonly every: number;
  /** Go on from the checkpoint where there is one; otherwise one that is there is `FILE_EXISTS`. */
  readonly resume: boolean;
}

/**
 * A journal in files: a run that was killed at any instant goes on from it to the same bytes, metrics cut back to its checkpoint.
 *
 * Opening it throws `FILE_EXISTS` where a checkpoint is there and it was not asked to resume.
 */
export function fileJournal(options: FileJournalOptions): TrainingJournal {
  checkOptionKeys("fileJournal", options, { metrics: true, checkpoint: true, every: true, resume: true });
  const { metrics, checkpoint, every, resume } = options;
  assertEvery(every);
  let writer: JsonLinesWriter | undefined;
  return {
    every,
    async open(run) {
      if (!resume && (await recoverFolder(checkpoint))) {
        throw new AttuneError("FILE_EXISTS", `"${checkpoint}" already holds a checkpoint.`, {
          hint: "Continue it with --resume, or choose another --output.",
        });
      }
      const found = resume ? await readCheckpoint(checkpoint, run) : undefined;
      if (resume) {
        const step = found?.position.step ?? Number.NEGATIVE_INFINITY;
        await truncateJsonLines(metrics, (line) => Number((line as JsonObject)["step"]) <= step);
      }
      writer = await appendJsonLines(metrics);
      return found;
    },
    append: async (line) => writer?.append(line),
    async save(run, saved) {
      await writer?.sync();
      await writeCheckpoint(checkpoint, run, saved);
    },
    close: async () => writer?.close(),
  };
}
