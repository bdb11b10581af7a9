import { textFormatOf } from "@attune/data-clean";
import { contentOf, openSource } from "@attune/data-core";
import { AttuneError, type TextRecord } from "@attune/spec";
import { formatCount } from "../terminal/format-number.ts";

/** Files, and how they are read: what `data.source` of the recipe will say. */
export interface DraftSource {
  readonly path: string;
  readonly include?: readonly string[];
  readonly format?: string;
  readonly unit?: string;
  readonly columns?: Readonly<Record<string, string>>;
}

/** What the records of a data set look like. */
export interface DataShape {
  /** How they are read so that there are enough of them. */
  readonly source: DraftSource;
  readonly task: "classification" | "generation" | "perplexity";
  /** Labels that were seen, sorted. */
  readonly labels: readonly string[];
  /** Whether some of them are raw mails or HTML. */
  readonly raw: boolean;
  /** The same for a reader. */
  readonly description: string;
}

/** With more labels than this, a label is an answer rather than a class. */
const mostLabels = 200;

/** Fewer texts than this are too few to train on some and judge by others. */
const fewestTexts = 10;

/**
 * Reads all records to see which task they are for. A few long texts are read by their paragraphs where nothing else was asked for.
 * Throws what reading them throws, `DATA_EMPTY` without any.
 */
export async function inspectData(source: DraftSource): Promise<DataShape> {
  const whole = await countRecords(source);
  const { records, labelled, answered } = whole;
  if (records === 0) {
    throw new AttuneError("DATA_EMPTY", `Expected records in ${source.path}, but it holds none.`, {
      details: { file: source.path },
    });
  }
  if (records >= fewestTexts || labelled > 0 || answered > 0 || source.unit !== undefined)
    return shapeOf(source, whole);
  const apart = { ...source, unit: "paragraph" };
  const paragraphs = await countRecords(apart);
  return paragraphs.records > records ? shapeOf(apart, paragraphs) : shapeOf(source, whole);
}

interface RecordCounts {
  readonly records: number;
  readonly labelled: number;
  readonly answered: number;
  readonly raw: number;
  readonly labels: ReadonlySet<string>;
}

async function countRecords(config: DraftSource): Promise<RecordCounts> {
  const source = openSource(config, { baseDirectory: process.cwd() });
  const labels = new Set<string>();
  const counts = { records: 0, labelled: 0, answered: 0, raw: 0 };
  for await (const record of source.open()) {
    counts.records += 1;
    if (record.label !== undefined) counts.labelled += 1;
    if (record.label !== undefined && labels.size <= mostLabels) labels.add(record.label);
    if (hasAnswer(record)) counts.answered += 1;
    if (textFormatOf(record) !== "text") counts.raw += 1;
  }
  return { ...counts, labels };
}

function hasAnswer(record: TextRecord): boolean {
  const content = contentOf(record);
  return content !== undefined && ("completion" in content || "messages" in content);
}

function shapeOf(source: DraftSource, { records, labelled, answered, raw, labels: seen }: RecordCounts): DataShape {
  const labels = [...seen].sort();
  const shape = { source, labels, raw: raw > 0 };
  const all = `${formatCount(records)} records`;
  if (labelled === records && labels.length > 1 && labels.length <= mostLabels) {
    return { ...shape, task: "classification", description: `${all} with ${labels.length} labels` };
  }
  if (answered === records) return { ...shape, task: "generation", description: `${all} of prompts and answers` };
  const unit = source.unit === undefined ? "" : `, read by the ${source.unit}`;
  return { ...shape, task: "perplexity", description: `${all} of plain text${unit}` };
}
