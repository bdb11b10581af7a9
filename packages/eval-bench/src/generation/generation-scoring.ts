/**
 * Scores of generated text: slot coverage (share of required slot values that the output says) and conditional bits per
 * byte of the human references, -sum logprob(reference | prompt) / (ln 2 * UTF-8 bytes of the references).
 */

import { booleanField, type FieldPlace, numberField, textField } from "@attune/spec";
import type { Metric, PredictionRow } from "../metric.ts";
import { commonFields, flag, readRow } from "../prediction-row-fields.ts";
import type { Scoring } from "../task.ts";
import type { SlotValue } from "./meaning-representation.ts";

/** A slot value and whether the output says it. */
export interface CheckedSlot extends SlotValue {
  readonly realised: boolean;
}

/** One line of a generation's predictions file. */
export interface GenerationRow extends PredictionRow {
  readonly output: string;
  /** True when the output ended at the limit of tokens. */
  readonly cut?: boolean | undefined;
  readonly slots: readonly CheckedSlot[];
  /** Natural-log probability of all references given the prompt, summed. */
  readonly logprob: number;
  /** Tokens and UTF-8 bytes of all references. */
  readonly tokens: number;
  readonly bytes: number;
}

function ratioMetric(
  fields: Pick<Metric, "id" | "title" | "unit" | "higherIsBetter">,
  part: (row: GenerationRow) => number,
  whole: (row: GenerationRow) => number,
): Metric<GenerationRow> {
  return {
    kind: "metric",
    specificationVersion: 1,
    ...fields,
    prepare(rows) {
      const parts = Float64Array.from(rows, part);
      const wholes = Float64Array.from(rows, whole);
      const value = (weights: Float64Array): number => {
        let [numerator, denominator] = [0, 0];
        for (let row = 0; row < weights.length; row++) {
          numerator += weights[row]! * parts[row]!;
          denominator += weights[row]! * wholes[row]!;
        }
        return denominator === 0 ? 0 : numerator / denominator;
      };
      return { n: wholes.reduce((sum, count) => sum + count, 0), value };
    },
  };
}

/** Share of slot values that the outputs say, over all slots. */
export const slotCoverageMetric: Metric<GenerationRow> = ratioMetric(
  { id: "slotCoverage", title: "Slot coverage", unit: "share", higherIsBetter: true },
  ({ slots }) => slots.filter(({ realised }) => realised).length,
  ({ slots }) => slots.length,
);

/** Conditional bits per byte of the references. */
export const referenceBitsPerByteMetric: Metric<GenerationRow> = ratioMetric(
  { id: "referenceBitsPerByte", title: "Bits per byte of references", unit: "bits/byte", higherIsBetter: false },
  ({ logprob }) => -logprob / Math.LN2,
  ({ bytes }) => bytes,
);

/** Reads one row; throws FILE_CORRUPT. */
function parseGenerationRow(value: unknown, place?: FieldPlace): GenerationRow {
  const row = readRow(value, place);
  return {
    ...commonFields(row),
    output: row.read("output", textField),
    ...flag(row, "cut"),
    slots: row.objects("slots").map(
      (slot): CheckedSlot => ({
        slot: slot.read("slot", textField),
        value: slot.read("value", textField),
        realised: slot.read("realised", booleanField),
      }),
    ),
    logprob: row.read("logprob", numberField()),
    tokens: row.read("tokens", numberField({ minimum: 1 })),
    bytes: row.read("bytes", numberField({ minimum: 1 })),
  };
}

/** What generation rows are scored by, beside themselves. */
export interface GenerationScoringOptions {
  /** Whether rows have slots; slot coverage is left out where none has. */
  readonly slots: boolean;
  /** Documents that were too long to be asked about. Default 0. */
  readonly leftOut?: number | undefined;
}

/** Scoring of generation rows. */
export function createGenerationScoring({ slots, leftOut = 0 }: GenerationScoringOptions): Scoring<GenerationRow> {
  return {
    kind: "generation",
    settings: { slots, leftOut },
    metrics: slots ? [slotCoverageMetric, referenceBitsPerByteMetric] : [referenceBitsPerByteMetric],
    parseRow: parseGenerationRow,
    details: (rows) => ({ documents: rows.length, cut: rows.filter(({ cut }) => cut === true).length }),
  };
}
