// Records to tokenised rows, as a recipe's default template makes them: the prompt is read, " completion" and the end are learnt.
import { contentOf } from "@attune/data-core";
import { AttuneError, type TextRecord, type Tokenizer } from "@attune/spec";
import { checkExamples, type TextSegment, type TrainingExample, tokenizeSegments } from "@attune/train";

/** Rows that are ready, and what is known of them. */
export interface BuiltExamples {
  readonly examples: readonly TrainingExample[];
  readonly tokens: number;
  readonly trainedTokens: number;
  /** Tokens of a packed row: the longest one, in whole 64s. */
  readonly blockLength: number;
}

/** Tokenises and checks records. @throws AttuneError naming the row that cannot be trained */
export function buildExamples(
  records: readonly TextRecord[],
  tokenizer: Tokenizer,
  contextLength: number,
): BuiltExamples {
  const made = records.map((record) => ({
    ...tokenizeSegments(record.id, segmentsOf(record), tokenizer),
    splits: contentOf(record) === undefined,
  }));
  const { examples, counts } = checkExamples(made, {
    tokenizer,
    contextLength,
    longRowsHint:
      "Shorten the prompt or the completion of such rows, or take them out; long rows of text alone are cut into pieces.",
  });
  const longest = examples.reduce((most, { ids }) => Math.max(most, ids.length), 0);
  return {
    examples,
    tokens: counts.tokens,
    trainedTokens: counts.trainedTokens,
    blockLength: Math.min(contextLength, Math.ceil(longest / 64) * 64),
  };
}

/** The prompt of a record, undefined for plain text. */
export function promptOf(record: TextRecord): string | undefined {
  const content = contentOf(record);
  return content !== undefined && "completion" in content ? content.prompt : undefined;
}

function segmentsOf(record: TextRecord): TextSegment[] {
  const content = contentOf(record);
  if (content === undefined) return [{ text: record.text, trained: true, role: "text" }];
  if (!("completion" in content)) {
    throw new AttuneError("INPUT_INVALID", `Row "${record.id}" is a conversation or a pair of answers.`, {
      hint: "attune:tiny has no chat template: give prompt and completion, instruction and output, or text.",
    });
  }
  return [
    { text: content.prompt, trained: false, role: "prompt" },
    { text: ` ${content.completion.trimStart()}`, trained: true, role: "completion" },
  ];
}
