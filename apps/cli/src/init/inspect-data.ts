import { contentOf, openSource } from "@attune/data-core";
import { AttuneError, type TextRecord } from "@attune/spec";
import { formatCount } from "../terminal/format-number.ts";

/** What the records of a data set look like. */
export interface DataShape {
  readonly task: "classification" | "generation" | "perplexity";
  /** Labels that were seen, sorted. */
  readonly labels: readonly string[];
  /** The same for a reader. */
  readonly description: string;
}

/** With more labels than this, a label is an answer rather than a class. */
const mostLabels = 200;

/** Reads all records to see which task they are for. Throws what reading them throws, `DATA_EMPTY` without any. */
export async function inspectData(
  path: string,
  columns: Readonly<Record<string, string>> | undefined,
): Promise<DataShape> {
  const source = openSource({ path, ...(columns && { columns }) }, { baseDirectory: process.cwd() });
  const labels = new Set<string>();
  const counts = { records: 0, labelled: 0, answered: 0 };
  for await (const record of source.open()) {
    counts.records += 1;
    if (record.label !== undefined) counts.labelled += 1;
    if (record.label !== undefined && labels.size <= mostLabels) labels.add(record.label);
    if (hasAnswer(record)) counts.answered += 1;
  }
  if (counts.records === 0) {
    throw new AttuneError("DATA_EMPTY", `Expected records in ${path}, but it holds none.`, { details: { file: path } });
  }
  return describeShape(counts, [...labels].sort());
}

function hasAnswer(record: TextRecord): boolean {
  const content = contentOf(record);
  return content !== undefined && ("completion" in content || "messages" in content);
}

function describeShape(
  { records, labelled, answered }: { records: number; labelled: number; answered: number },
  labels: readonly string[],
): DataShape {
  const all = `${formatCount(records)} records`;
  if (labelled === records && labels.length > 1 && labels.length <= mostLabels) {
    return { task: "classification", labels, description: `${all} with ${labels.length} labels` };
  }
  if (answered === records) return { task: "generation", labels, description: `${all} of prompts and answers` };
  return { task: "perplexity", labels, description: `${all} of plain text` };
}
