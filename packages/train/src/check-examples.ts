// Checks before step 1, each an error with the row: the failures that other trainers report as a falling loss.
import { AttuneError, type Tokenizer } from "@attune/spec";
import { ignoredLabel } from "@attune/tensor-core";
import { type TrainingExample, trainedCount } from "./training-example.ts";

/** What was kept of the rows, for the log and the report. */
export interface ExampleCounts {
  readonly kept: number;
  /** Rows without a single trained token; left out. */
  readonly maskedOut: number;
  readonly tokens: number;
  readonly trainedTokens: number;
}

/** How rows are checked. */
export interface CheckOptions {
  readonly contextLength: number;
  readonly tokenizer: Pick<Tokenizer, "specialTokens" | "vocabularySize">;
}

/**
 * Leaves out fully masked rows, with a count, and refuses rows that could not be trained as they are.
 *
 * @throws AttuneError `DATA_EMPTY` without rows, `LABELS_INVALID` where all rows are masked, a label differs from its token or
 * PAD is trained as the end, `CONTEXT_EXCEEDED` for a row longer than the context, `INPUT_INVALID` for an id outside the vocabulary
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
  const kept = examples.filter((example) => trainedCount(example) > 0);
  if (kept.length === 0) {
    throw new AttuneError(
      "LABELS_INVALID",
      `All ${examples.length} rows have no trained token, so there is nothing to learn.`,
      {
        hint: "Check which part of the template is trained: `attune data preview` shows the mask.",
      },
    );
  }
  return {
    examples: kept,
    counts: {
      kept: kept.length,
      maskedOut: examples.length - kept.length,
      tokens: kept.reduce((sum, example) => sum + example.ids.length, 0),
      trainedTokens: kept.reduce((sum, example) => sum + trainedCount(example), 0),
    },
  };
}

function checkExample({ id, ids, labels, splits }: TrainingExample, { contextLength, tokenizer }: CheckOptions): void {
  if (ids.length !== labels.length) {
    throw new AttuneError("LABELS_INVALID", `Row "${id}" has ${ids.length} tokens but ${labels.length} labels.`);
  }
  if (!splits && ids.length > contextLength) {
    throw new AttuneError(
      "CONTEXT_EXCEEDED",
      `Row "${id}" has ${ids.length} tokens; the context holds ${contextLength}.`,
      {
        hint: "Shorten the text in the template (maxTokens), or raise the context length if the model allows it.",
      },
    );
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
