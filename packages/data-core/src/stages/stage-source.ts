import { createHash } from "node:crypto";
import { join } from "node:path";
import { AttuneError, type TextRecord } from "@attune/spec";
import { readJsonLineRows } from "../io/read-json-rows.ts";
import { rowToRecord } from "../records/row-to-record.ts";
import type { RecordSource } from "../sources/record-source.ts";
import { manifestFileName, readStageManifest, recordsFileName } from "./stage-manifest.ts";

/** Which records of a stage's output are read. */
export interface StageSourceOptions {
  /** Only records that the split stage put into this part. */
  readonly split?: "train" | "validation" | "test" | undefined;
}

/**
 * A source of the records that a stage wrote. The file is compared with the hash in its manifest while it is read:
 * `FILE_CORRUPT` at the end when it was changed since.
 */
export async function stageSource(directory: string, options: StageSourceOptions = {}): Promise<RecordSource> {
  const { output } = await readStageManifest(join(directory, manifestFileName));
  const path = join(directory, recordsFileName);
  const { split } = options;
  return {
    description: { directory, hash: output.hash, ...(split === undefined ? {} : { split }) },
    fingerprint: async () => (split === undefined ? output.hash : `${output.hash}#${split}`),
    async *open({ signal } = {}): AsyncGenerator<TextRecord> {
      const sha256 = createHash("sha256");
      for await (const row of readJsonLineRows(path, { signal, onBytes: (bytes) => sha256.update(bytes) })) {
        const record = rowToRecord(row, { shape: "record", columns: {} }, { source: path });
        if (split === undefined || record.metadata?.["split"] === split) yield record;
      }
      if (sha256.digest("hex") !== output.hash) {
        throw new AttuneError(
          "FILE_CORRUPT",
          `Expected ${path} as its manifest describes it, but its hash is another.`,
          {
            hint: "Run the stage again; it writes the file anew.",
            details: { file: path },
          },
        );
      }
    },
  };
}
