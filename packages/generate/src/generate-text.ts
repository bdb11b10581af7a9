import { AttuneError, checkOptionKeys, type Tokenizer } from "@attune/spec";
import { assertList } from "./assert-list.ts";
import { type EncodeOptions, encodePrompt } from "./encode-prompt.ts";
import { type GenerateOptions, type GenerateRequest, type Generation, generateOptionKeys } from "./generation.ts";
import type { Generator } from "./generator.ts";
import { createStopFilter } from "./stop-filter.ts";

/** How texts are continued. */
export interface GenerateTextOptions extends GenerateOptions, EncodeOptions {
  /** Texts that end a row; they are not part of the answer. */
  readonly stopTexts?: readonly string[] | undefined;
  /** Called with each piece of an answer as it becomes certain; returning true ends the row after it. */
  readonly onText?: ((row: number, text: string) => unknown) | undefined;
}

/** A text that was generated. */
export interface GeneratedText extends Generation {
  /** The answer without special tokens, cut at a stop text. */
  readonly text: string;
}

/** Continues prompts, given as text or as ids. */
export async function generateText(
  generator: Generator,
  tokenizer: Tokenizer,
  prompts: readonly (string | ArrayLike<number>)[],
  options: GenerateTextOptions,
): Promise<GeneratedText[]> {
  checkOptionKeys("generateText", options, {
    ...generateOptionKeys,
    parseSpecialTokens: true,
    stopTexts: true,
    onText: true,
  });
  assertList("prompts", prompts);
  const { stopTexts = [], onText, parseSpecialTokens, ...generateOptions } = options;
  const texts: string[] = prompts.map(() => "");
  const endings: (() => void)[] = [];
  const requests = prompts.map((prompt, row): GenerateRequest => {
    const decoder = tokenizer.createDecoder({ skipSpecialTokens: true });
    const filter = createStopFilter(stopTexts);
    const show = (text: string): boolean => {
      texts[row] += text;
      return text !== "" && onText?.(row, text) === true;
    };
    endings.push(() => show(filter.push(decoder.end()) + filter.end()));
    return {
      ids: typeof prompt === "string" ? encodePrompt(tokenizer, prompt, { parseSpecialTokens }) : prompt,
      onToken(id) {
        const ended = show(filter.push(decoder.push(id)));
        return filter.stopped || ended;
      },
    };
  });
  const generations = await generator.generate(requests, generateOptions);
  for (const end of endings) end();
  return generations.map((generation, row) => ({ ...generation, text: texts[row]! }));
}

/** Yields the answer to one prompt piece by piece; leaving the loop ends the generation. */
export async function* streamText(
  generator: Generator,
  tokenizer: Tokenizer,
  prompt: string | ArrayLike<number>,
  options: Omit<GenerateTextOptions, "onText">,
): AsyncGenerator<string, GeneratedText> {
  const left = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, left.signal]) : left.signal;
  const pieces: string[] = [];
  let wake = (): void => {};
  const done = generateText(generator, tokenizer, [prompt], {
    ...options,
    signal,
    onText(_row, text) {
      pieces.push(text);
      wake();
    },
  });
  const settled = done.then(
    () => true,
    () => true,
  );
  try {
    while (true) {
      const changed = new Promise<boolean>((resolve) => {
        wake = () => resolve(false);
      });
      const ended = pieces.length === 0 && (await Promise.race([settled, changed]));
      yield* pieces.splice(0);
      if (ended) return (await done)[0]!;
    }
  } finally {
    left.abort();
    await done.catch((error: unknown) => {
      if (!AttuneError.is(error) || error.code !== "ABORTED") throw error;
    });
  }
}
