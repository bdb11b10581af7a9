import type { Row } from "./row.ts";
import { blockRow } from "./rows/block.ts";
import { compileRow } from "./rows/compile.ts";
import { finetuneRows, memoryRows } from "./rows/finetune.ts";
import { formatsRow } from "./rows/formats.ts";
import { generateRow } from "./rows/generate.ts";
import { replayRow } from "./rows/replay.ts";
import { sgemmRows } from "./rows/sgemm.ts";
import { sizeRow } from "./rows/size.ts";
import { startupRow } from "./rows/startup.ts";

/** All rows, the quick ones first. */
export const rows: readonly Row[] = [
  sizeRow,
  startupRow,
  replayRow,
  compileRow,
  formatsRow,
  blockRow,
  ...sgemmRows,
  generateRow,
  ...memoryRows,
  ...finetuneRows,
];
