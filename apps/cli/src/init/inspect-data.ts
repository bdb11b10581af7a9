import { textFormatOf } from "@attune/data-clean";
import { contentOf, guessColumns, openSource, peekRow } from "@attune/data-core";
import { AttuneError, formatCount, type JsonObject } from "@attune/spec";
import type { FileSource } from "../options/source-from.ts";
import { remarksOn } from "./remarks-on.ts";

/** What the records of a data set look like. */
export interface DataShape {
  /** How they are read so that there are enough of them. */
  readonly source: FileSource;
  readonly task: "classification" | "generation" | "perplexity";
  /** Labels that were seen, sorted. */
  readonly labels: readonly string[];
  /** Whether some of them are raw mails or HTML. */
  readonly raw: boolean;
  /** Whether some of them are prompts with answers, conversations among them. */
  readonly answered: boolean;
  /** Whether some of them are conversations. */
  readonly chat: boolean;
  /** The same for a reader. */
  readonly description: string;
  /** What a reader may not have meant, as sentences. */
  readonly remarks: readonly string[];
}

/** With more labels than this, a label is an answer rather than a class. */
const mostLabels = 200;

/** Fewer texts than this are too few to train on some and judge by others. */
const fewestTexts = 10;

/**
 * Reads all records to see which task they are for. A few long texts are read by their paragraphs where nothing else was asked for.
 * Throws what reading them throws, `DATA_EMPTY` without any.
 */
export async function inspectData(given: FileSource): Promise<DataShape> {
  const row = (await peekRow(given))?.values;
  const source = withColumns(given, row);
  const whole = await countRecords(source);
  const { records, labelled, answered } = whole;
  if (records === 0) {
    throw new AttuneError("DATA_EMPTY", `Expected records in ${source.path}, but it holds none.`, {
      details: { file: source.path },
    });
  }
  if (records >= fewestTexts || labelled > 0 || answered > 0 || source.unit !== undefined)
    return shapeOf(source, whole, row);
  const apart = { ...source, unit: "paragraph" as const };
  const paragraphs = await countRecords(apart);
  return paragraphs.records > records ? shapeOf(apart, paragraphs, row) : shapeOf(source, whole, row);
}

/** Columns that are called otherwise than the formats call them are named in the recipe, where they can be seen and changed. */
function withColumns(source: FileSource, row: JsonObject | undefined): FileSource {
  if (source.columns !== undefined) return source;
  const columns = row && guessColumns(row);
  return columns === undefined ? source : { ...source, columns };
}

/** What was counted while all records were read. */
export interface RecordCounts {
  readonly records: number;
  readonly labelled: number;
  readonly answered: number;
  readonly raw: number;
  readonly chats: number;
  /** Records of each label, of no more labels than can be classes and one. */
  readonly labels: ReadonlyMap<string, number>;
}

async function countRecords(config: FileSource): Promise<RecordCounts> {
  const source = openSource(config, { baseDirectory: process.cwd() });
  const labels = new Map<string, number>();
  const counts = { records: 0, labelled: 0, answered: 0, raw: 0, chats: 0 };
  for await (const record of source.open()) {
    counts.records += 1;
    if (record.label !== undefined) counts.labelled += 1;
    if (record.label !== undefined && (labels.size <= mostLabels || labels.has(record.label)))
      labels.set(record.label, (labels.get(record.label) ?? 0) + 1);
    const content = contentOf(record) ?? {};
    if ("completion" in content || "messages" in content) counts.answered += 1;
    if ("messages" in content) counts.chats += 1;
    if (textFormatOf(record) !== "text") counts.raw += 1;
  }
  return { ...counts, labels };
}

function shapeOf(source: FileSource, counts: RecordCounts, row: JsonObject | undefined): DataShape {
  const { records, labelled, answered, raw, chats } = counts;
  const labels = [...counts.labels.keys()].sort();
  const shape = { source, labels, raw: raw > 0, answered: answered > 0, chat: chats > 0 };
  const named = Object.entries(source.columns ?? {}).map(([role, column]) => `${role} from ${column}`);
  const all = `${formatCount(records)} ${records === 1 ? "record" : "records"}${named.length > 0 ? ` (${named.join(", ")})` : ""}`;
  const of = (task: DataShape["task"], what: string): DataShape => ({
    ...shape,
    task,
    description: `${all} ${what}`,
    remarks: remarksOn(task, counts, source, row),
  });
  const ownLabels = records >= fewestTexts && labels.length > records / 2;
  const areClasses = labels.length > 1 && labels.length <= mostLabels && !ownLabels;
  if (chats === 0 && labelled === records && areClasses) return of("classification", `with ${labels.length} labels`);
  if (answered === records) return of("generation", `of ${chats > 0 ? "conversations" : "prompts and answers"}`);
  return of("perplexity", `of plain text${source.unit === undefined ? "" : `, read by the ${source.unit}`}`);
}
