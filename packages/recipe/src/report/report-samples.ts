// A few records to be read: what both models wrote for them, or how well they predicted them.
import { contentOf } from "@attune/data-core";
import type { GenerationRow, PerplexityRow } from "@attune/eval-bench";
import type { SampleSection } from "@attune/report";
import type { TextRecord } from "@attune/spec";
import type { RecipeConfig } from "../config/recipe-config.ts";
import { draw } from "../data/read-parts.ts";
import type { Evaluations } from "../evaluate/result-table.ts";

/** Records drawn by hash of id and seed, so that nobody chose them; undefined for classifications, which show what changed. */
export function sampleSection(
  { base, adapted }: Evaluations,
  records: readonly TextRecord[],
  { report, seed }: RecipeConfig,
): SampleSection | undefined {
  if (base === undefined || adapted === undefined || report.examples === 0) return undefined;
  const say = sayers[base.scoring.kind];
  if (say === undefined) return undefined;
  const answers = new Map(adapted.rows.map((row) => [row.id, row]));
  const byId = new Map(records.map((record) => [record.id, record]));
  const samples = draw(base.rows, report.examples, seed).map((row) => {
    const { text, expected } = exchangeOf(byId.get(row.id)!);
    return { id: row.id, text, expected, before: say(row), after: say(answers.get(row.id)!) };
  });
  return { drawn: `${samples.length} of ${base.rows.length} ${report.unit}, drawn by chance.`, samples };
}

/** What a model made of a record, by the kind of scoring. */
const sayers: Readonly<Record<string, (row: unknown) => string>> = {
  generation(row) {
    const { output, cut } = row as GenerationRow;
    return `${output.trim()}${cut ? " […]" : ""}`;
  },
  perplexity(row) {
    const { logprob, bytes } = row as PerplexityRow;
    return `${(-logprob / Math.LN2 / bytes).toFixed(3)} bits a byte`;
  },
};

/** What was asked and what people answered; of plain text, the text. */
function exchangeOf({ text, ...record }: TextRecord): { readonly text: string; readonly expected?: string } {
  const content = contentOf({ text, ...record });
  if (content !== undefined && "completion" in content) return { text: content.prompt, expected: content.completion };
  if (content === undefined || !("messages" in content)) return { text };
  const last = content.messages.findLastIndex(({ role }) => role === "assistant");
  if (last === -1) return { text };
  const asked = content.messages.slice(0, last).map(({ role, content: said }) => `${role}: ${said}`);
  return { text: asked.join("\n"), expected: content.messages[last]!.content };
}
