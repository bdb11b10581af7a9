import {
  createGenerator,
  type Generator,
  generateText,
  type SamplingOptions,
  unfollowedSettings,
} from "@attune/generate";
import { AttuneError, type JsonObject, type Tokenizer } from "@attune/spec";
import type { Toolbox } from "../toolbox/toolbox.ts";
import { createPromptReader, needsTokenizer, type Rows, type TextOptions } from "./read-rows.ts";
import { type UseModelOptions, withRowModel } from "./use-model.ts";

/** Which prompts are continued, and how. */
export interface GenerateRowsOptions extends UseModelOptions, TextOptions {
  /** Rows of `prompt`, `prompt_ids` or `messages`. */
  readonly rows: Rows;
  readonly maxNewTokens: number;
  /** Without it the likeliest token is taken. */
  readonly sampling?: SamplingOptions | undefined;
  /** More than 1 searches with beams, which draw nothing. */
  readonly numBeams?: number | undefined;
  /** Texts that end a row. */
  readonly stop?: readonly string[] | undefined;
  /** Rows that are decoded side by side. Default 8. */
  readonly batch?: number | undefined;
  /** Hears each piece of text as it becomes certain; beams have none. */
  readonly onText?: ((row: number, text: string) => void) | undefined;
}

/** The continuation of one row. */
export interface GeneratedRow {
  readonly index: number;
  /** Empty where the model has no tokenizer. */
  readonly text: string;
  /** New ids; one that ended the row is kept. */
  readonly ids: readonly number[];
  readonly finish: "stop" | "length";
}

/** What was generated, and how fast. */
export interface GenerateRowsResult {
  readonly rows: readonly GeneratedRow[];
  readonly tokens_per_second: number;
}

/**
 * Continues the prompt of each row.
 *
 * @throws AttuneError `OPTIONS_INVALID` for stop texts with beam search, and for rows or stop texts that need a tokenizer where there is
 * none
 */
export function generateRows(toolbox: Toolbox, options: GenerateRowsOptions): Promise<GenerateRowsResult> {
  const { numBeams = 1, batch } = options;
  return withRowModel(toolbox, options, async (runtime, { model, tokenizer, visitors }) => {
    noteUnfollowed(model.generationConfig, options);
    const read = createPromptReader(tokenizer, options);
    const prompts: ArrayLike<number>[] = [];
    for await (const row of options.rows) prompts.push(read(row, prompts.length));
    const generator = createGenerator(runtime, model, { visitors, batch });
    const started = performance.now();
    const rows =
      numBeams > 1
        ? await searchRows(generator, tokenizer, prompts, { ...options, numBeams })
        : await continueRows(generator, tokenizer, prompts, options);
    const seconds = (performance.now() - started) / 1000;
    const tokens = rows.reduce((sum, { ids }) => sum + ids.length, 0);
    return { rows, tokens_per_second: seconds === 0 ? 0 : tokens / seconds };
  });
}

/** Transformers follows these settings unasked, so that without a word the same command would choose other tokens there. */
function noteUnfollowed(
  generationConfig: JsonObject | undefined,
  { sampling, numBeams, onNotice }: GenerateRowsOptions,
): void {
  const settings = unfollowedSettings(generationConfig, { sampling, numBeams });
  if (settings.length === 0) return;
  onNotice?.(`generation_config.json asks for ${settings.join(", ")}; only options and eos_token_id are followed.`);
}

async function continueRows(
  generator: Generator,
  tokenizer: Tokenizer | undefined,
  prompts: readonly ArrayLike<number>[],
  { maxNewTokens, sampling, stop, onText, onProgress, signal }: GenerateRowsOptions,
): Promise<GeneratedRow[]> {
  if (tokenizer === undefined) {
    if (stop && stop.length > 0) throw needsTokenizer("stop texts", "stop");
    const requests = prompts.map((ids) => ({ ids }));
    const generations = await generator.generate(requests, { maxNewTokens, sampling, signal });
    return generations.map(({ ids, finish }, index) => ({ index, text: "", ids, finish }));
  }
  let pieces = 0;
  const made = await generateText(generator, tokenizer, prompts, {
    maxNewTokens,
    sampling,
    stopTexts: stop,
    signal,
    onText(row, text) {
      onText?.(row, text);
      if (++pieces % 64 === 0) onProgress?.({ stage: "generate", done: pieces, unit: "pieces" });
    },
  });
  return made.map(({ text, ids, finish }, index) => ({ index, text, ids, finish }));
}

async function searchRows(
  generator: Generator,
  tokenizer: Tokenizer | undefined,
  prompts: readonly ArrayLike<number>[],
  options: GenerateRowsOptions & { readonly numBeams: number },
): Promise<GeneratedRow[]> {
  const { maxNewTokens, numBeams, sampling, stop = [], signal, onProgress } = options;
  if (stop.length > 0) {
    throw new AttuneError("OPTIONS_INVALID", "Expected no stop texts with beam search, which compares whole answers.", {
      hint: "Leave out --stop or --num-beams.",
      details: { key: "stop" },
    });
  }
  const rows: GeneratedRow[] = [];
  for (const [index, ids] of prompts.entries()) {
    const [best] = await generator.beamSearch(ids, {
      beams: numBeams,
      maxNewTokens,
      repetitionPenalty: sampling?.repetitionPenalty,
      signal,
    });
    const found = best ?? { ids: [], finish: "length" as const };
    const text = tokenizer?.decode(found.ids, { skipSpecialTokens: true }) ?? "";
    rows.push({ index, text, ids: found.ids, finish: found.finish });
    onProgress?.({ stage: "generate", done: index + 1, total: prompts.length, unit: "rows" });
  }
  return rows;
}
