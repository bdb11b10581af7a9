import type { Unit } from "@attune/spec";

/** A number with its unit. */
export interface Quantity {
  readonly value: number;
  readonly unit: Unit;
}

/** A number with its interval and how many observations it rests on. A `Score` of eval-bench fits. */
export interface Estimate {
  readonly value: number;
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  readonly n?: number | undefined;
}

/** A name with a text, for lists of facts. */
export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** One of the large numbers at the top. */
export interface Tile {
  readonly label: string;
  readonly value: Quantity;
  /** The same number before, shown small. */
  readonly before?: Quantity | undefined;
  readonly note?: string | undefined;
  readonly tone?: "good" | "bad" | "neutral" | undefined;
}

/** A column of the table of scores. */
export interface ScoreColumn {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  readonly higherIsBetter: boolean;
  /** One sentence for a newcomer. */
  readonly explanation?: string | undefined;
}

/** A model or baseline with its scores by column id. */
export interface ScoreRow {
  readonly name: string;
  readonly role: "baseline" | "before" | "after";
  readonly description?: string | undefined;
  readonly scores: Readonly<Record<string, Estimate | undefined>>;
}

/** Is a difference real. A `Comparison` of eval-bench fits, with the unit added. */
export interface ScoreComparison {
  readonly title: string;
  readonly unit: Unit;
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  readonly pValue: number;
  readonly test: "mcnemar-exact" | "paired-bootstrap";
  readonly verdict: "better" | "worse" | "undecided";
}

/** Before and after, with baselines. */
export interface ScoreSection {
  /** What was judged, for example `mails nobody trained on`. */
  readonly cases: string;
  readonly n: number;
  /** Independent groups among them. */
  readonly groups?: number | undefined;
  /** Of the intervals; 0.95 by default. */
  readonly confidence?: number | undefined;
  readonly columns: readonly ScoreColumn[];
  readonly rows: readonly ScoreRow[];
  readonly comparisons?: readonly ScoreComparison[] | undefined;
  readonly notes?: readonly string[] | undefined;
}

/** Something a rule did to records. */
export interface RuleCount {
  readonly rule: string;
  readonly count: number;
  readonly explanation?: string | undefined;
}

/** A stage of data preparation. */
export interface FunnelStage {
  readonly name: string;
  /** Records after the stage. */
  readonly count: number;
  readonly description?: string | undefined;
  readonly dropped?: readonly RuleCount[] | undefined;
  readonly changed?: readonly RuleCount[] | undefined;
}

/** A part of the split. */
export interface SplitPart {
  readonly name: string;
  readonly count: number;
  readonly groups?: number | undefined;
  readonly perLabel?: Readonly<Record<string, number>> | undefined;
}

/** What went in and what was left out. */
export interface DataSection {
  /** What is counted, plural: `mails`. */
  readonly unit: string;
  readonly stages: readonly FunnelStage[];
  readonly parts?: readonly SplitPart[] | undefined;
  /** Groups that occur in more than one part; must be 0. */
  readonly leaks?: number | undefined;
  readonly notes?: readonly string[] | undefined;
}

/** A value at an optimizer step. */
export interface CurvePoint {
  readonly step: number;
  readonly value: number;
}

/** How training went. */
export interface TrainingSection {
  readonly train: readonly CurvePoint[];
  readonly validation?: readonly CurvePoint[] | undefined;
  readonly learningRate?: readonly CurvePoint[] | undefined;
  /** Step whose weights were kept. */
  readonly bestStep?: number | undefined;
  readonly facts?: readonly Fact[] | undefined;
}

/** Actual label by row, predicted label by column. */
export interface ConfusionTable {
  readonly title: string;
  readonly labels: readonly string[];
  readonly counts: readonly (readonly number[])[];
}

/** Stated confidence against the share that was right. */
export interface ReliabilityTable {
  readonly title: string;
  readonly bins: readonly {
    readonly low: number;
    readonly high: number;
    readonly n: number;
    readonly confidence: number;
    readonly accuracy: number;
  }[];
  /** Expected calibration error. */
  readonly error?: Estimate | undefined;
}

/** Which mistakes were made. */
export interface MistakeSection {
  readonly confusions: readonly ConfusionTable[];
  readonly reliability?: readonly ReliabilityTable[] | undefined;
}

/** A document whose answer went from wrong to right or back. The text may hold anything. */
export interface ChangedDocument {
  readonly id: string;
  readonly text: string;
  readonly label: string;
  readonly before: string;
  readonly after: string;
}

/** Documents that changed; `total` may be more than are shown. */
export interface ChangeSection {
  readonly fixed: { readonly total: number; readonly shown: readonly ChangedDocument[] };
  readonly broken: { readonly total: number; readonly shown: readonly ChangedDocument[] };
}

/** What both models made of one record. */
export interface Sample {
  readonly id: string;
  /** What was asked, or the text that was read. */
  readonly text: string;
  /** What people wrote. */
  readonly expected?: string | undefined;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

/** Records as they are, to judge by reading. */
export interface SampleSection {
  /** How they were drawn, as a sentence. */
  readonly drawn: string;
  readonly samples: readonly Sample[];
}

/** What adapting cost on general text. */
export interface ForgettingSection {
  /** What the text is. */
  readonly text: string;
  readonly documents: number;
  readonly tokens: number;
  /** Bits per byte of base and adapted model. */
  readonly before: number;
  readonly after: number;
  readonly difference: Estimate;
  /** Perplexity after over before. */
  readonly perplexityRatio: Estimate;
  /** Largest ratio that was allowed, for example 1.05. */
  readonly limit?: number | undefined;
}

/** A prediction made before step 1 beside what was then used. */
export interface ResourceRow {
  readonly name: string;
  readonly unit: "bytes" | "seconds" | "flops" | "count";
  readonly predicted?: number | undefined;
  readonly used?: number | undefined;
}

/** Something that took time. */
export interface TimeShare {
  readonly name: string;
  readonly seconds: number;
}

/** Memory and time. */
export interface ResourceSection {
  readonly rows: readonly ResourceRow[];
  /** Where the time went. */
  readonly stages?: readonly TimeShare[] | undefined;
  /** Where the time of a training step went, of runs that were profiled. */
  readonly step?: { readonly note: string; readonly parts: readonly TimeShare[] } | undefined;
}

/** Everything needed to do it again. */
export interface RepeatSection {
  readonly command: string;
  /** Resolved recipe, as text. */
  readonly recipe?: string | undefined;
  /** Seeds, hashes, versions, paths. */
  readonly facts: readonly Fact[];
}

/** A whole report as plain JSON. Sections that are left out are not drawn. */
export interface ReportData {
  readonly version: 1;
  readonly title: string;
  /** One or two sentences that a newcomer understands. */
  readonly summary: string;
  /** When the run ended, as it should be printed. */
  readonly createdAt?: string | undefined;
  readonly tiles?: readonly Tile[] | undefined;
  readonly scores?: ScoreSection | undefined;
  readonly data?: DataSection | undefined;
  readonly training?: TrainingSection | undefined;
  readonly mistakes?: MistakeSection | undefined;
  readonly changes?: ChangeSection | undefined;
  readonly samples?: SampleSection | undefined;
  readonly forgetting?: ForgettingSection | undefined;
  readonly resources?: ResourceSection | undefined;
  /** Machine and software. */
  readonly environment?: readonly Fact[] | undefined;
  readonly repeat?: RepeatSection | undefined;
}
