import { createPerplexityTask, type PerplexityDocument, type PerplexityRow, type Task } from "@attune/eval-bench";
import { AttuneError } from "@attune/spec";
import type { GeneralTextConfig } from "../config/training-config.ts";
import { openSources, type SourceContext } from "../data/open-sources.ts";
import { draw, readAll } from "../data/read-parts.ts";

/** Texts of a general source: drawn by hash, cut to a length, empty ones left out. */
export async function readGeneralText(
  config: GeneralTextConfig,
  context: SourceContext & { readonly seed: number; readonly signal?: AbortSignal | undefined },
): Promise<PerplexityDocument[]> {
  const records = await readAll(openSources(config.source, context), context.signal);
  const texts = records
    .map(({ id, text }) => ({ id, text: cutText(text, config.characters) }))
    .filter(({ text }) => text.trim() !== "");
  const chosen = draw(texts, config.documents, context.seed);
  if (chosen.length > 1) return [...chosen];
  throw new AttuneError("DATA_EMPTY", `Expected at least two general texts, but the source has ${chosen.length}.`, {
    hint: "For a file of many texts set unit: paragraph.",
    details: { key: "evaluation.general.source" },
  });
}

/** The task of predicting them. */
export function generalTextTask(documents: readonly PerplexityDocument[]): Task<PerplexityRow> {
  return createPerplexityTask({ id: "general", documents });
}

/** The beginning of a text, never half of a surrogate pair. */
function cutText(text: string, characters: number): string {
  if (text.length <= characters) return text;
  const last = text.charCodeAt(characters - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? characters - 1 : characters);
}
