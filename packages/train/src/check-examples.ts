// Checks before step 1, each an error with the row: the failures that other trainers report as a falling loss.
import { AttuneError, type Tokenizer } from "@attune/spec";
import { ignoredLabel } from "@attune/tensor-core";
import { type TrainingExample, trainedCount } from "./training-example.ts";

/** What becomes of a row that is longer than the context: an error, left out, or cut at its end. */
export type LongRows = "error" | "drop" | "cut";

/** What was kept of the rows, for the log and the report. */
export interface ExampleCounts {
  readonly kept: number;
  /** Rows without a single trained token; left out. */
  readonly maskedOut: number;
  /** Rows longer than the context that were left out, and that lost their end. */
  readonly long: { readonly dropped: number; readonly cut: number };
  readonly tokens: number;
  readonly trainedTokens: number;
}

/** How rows are checked. */
export interface CheckOptions {
  readonly contextLength: number;
  readonly tokenizer: Pick<Tokenizer, "specialTokens" | "vocabularySize">;
  /** Default `error`. Documents that packing may cut are never too long. */
  readonly longRows?: LongRows | undefined;
  /** The hint of a row that is too long, for programs whose users set no `longRows`. */
  readonly longRowsHint?: string | undefined;
}

/**
 * Leaves out fully masked rows, with a count, and refuses rows that could not be trained as they are.
 *
 * @throws AttuneError `DATA_EMPTY` without rows, `LABELS_INVALID` where all rows are masked, a label differs from its token or
 * PAD is trained as the end, `CONTEXT_EXCEEDED` for a row longer than the context, or where all are and are dropped, `INPUT_INVALID`
 * for an id outside the vocabulary
 */
export function checkExamples(
  examples: readonly TrainingExample[],
  options: CheckOptions,
): { examples: TrainingExample[]; counts: ExampleCounts } {
  if (examples.length === 0) {
    throw new AttuneError("DATA_EMPTY", "There are no rows to train on.", {
      hint: "Look at the funnel: which stage dropped them?",
    });
  }
  for (const example of examples) checkExample(example, options);
  const fitting = fitRows(examples, options);
  const kept = fitting.rows.filter((example) => trainedCount(example) > 0);
  if (kept.length === 0) {
    throw new AttuneError(
      "LABELS_INVALID",
      `All ${fitting.rows.length} rows have no trained token, so there is nothing to learn.`,
      {
        hint: "Check which part of the template is trained: `attune data preview` shows the mask.",
      },
    );
  }
  return {
    examples: kept,
    counts: {
      kept: kept.length,
      maskedOut: fitting.rows.length - kept.length,
      long: fitting.long,
      tokens: kept.reduce((sum, example) => sum + example.ids.length, 0),
      trainedTokens: kept.reduce((sum, example) => sum + trainedCount(example), 0),
    },
  };
}

/** Rows that fit into the context, and what became of those that did not. */
function fitRows(
  examples: readonly TrainingExample[],
  options: CheckOptions,
): { rows: readonly TrainingExample[]; long: ExampleCounts["long"] } {
  const { contextLength, longRows = "error" } = options;
  const isLong = ({ ids, splits }: TrainingExample): boolean => !splits && ids.length > contextLength;
  const long = examples.filter(isLong);
  if (long.length === 0) return { rows: examples, long: { dropped: 0, cut: 0 } };
  if (longRows === "error") throw tooLong(long, examples.length, options);
  if (longRows === "drop") {
    if (long.length === examples.length) throw tooLong(long, examples.length, options);
    return { rows: examples.filter((example) => !isLong(example)), long: { dropped: long.length, cut: 0 } };
  }
  const cut = ({ ids, labels, ...rest }: TrainingExample): TrainingExample => ({
    ...rest,
    ids: ids.slice(0, contextLength),
    labels: labels.slice(0, contextLength),
  });
  return {
    rows: examples.map((example) => (isLong(example) ? cut(example) : example)),
    long: { dropped: 0, cut: long.length },
  };
}

const longRowsHint =
  "longRows says what becomes of such rows: drop or cut. Or shorten prompts (maxTokens), or raise the block length as far as the model allows.";

function tooLong(
  long: readonly TrainingExample[],
  rows: number,
  { contextLength, longRowsHint: hint = longRowsHint }: CheckOptions,
): AttuneError {
  const { id, ids } = long.reduce((longest, example) => (example.ids.length > longest.ids.length ? example : longest));
  const others = long.length === 1 ? "" : ` ${long.length} of ${rows} rows are too long; this is the longest.`;
  return new AttuneError(
    "CONTEXT_EXCEEDED",
    `Row "${id}" has ${ids.length} tokens; the context holds ${contextLength}.${others}`,
    { hint, details: { key: id } },
  );
}

function checkExample({ id, ids, labels }: TrainingExample, { tokenizer }: CheckOptions): void {
  if (ids.length !== labels.length) {
    throw new AttuneError("LABELS_INVALID", `Row "${id}" has ${ids.length} tokens but ${labels.length} labels.`);
  }
  ids.forEach((token, index) => {
    if (token < 0 || token >= tokenizer.vocabularySize) {
      throw new AttuneError(
        "INPUT_INVALID",
        `Row "${id}": token ${index} is ${token}; the vocabulary has ${tokenizer.vocabularySize}.`,
      );
    }
    if (labels[index] !== ignoredLabel && labels[index] !== token) {
      throw new AttuneError(
        "LABELS_INVALID",
        `Row "${id}": label ${index} is ${labels[index]}, but its token is ${token}.`,
      );
    }
  });
  const { pad, eos } = tokenizer.specialTokens;
  const last = ids.at(-1);
  if (pad !== undefined && pad !== eos && last === pad && labels.at(-1) === pad) {
    throw new AttuneError("LABELS_INVALID", `Row "${id}" trains the padding token ${pad} as its end.`, {
      hint: "Padding is added by the collator; end rows with EOS.",
    });
  }
}
