// A few records to be read: what both models wrote for them, or how well they predicted them.
import { contentOf } from "@attune/data-core";
import type { GenerationRow, PerplexityRow } from "@attune/eval-bench";
import type { SampleSection } from "@attune/report";
import type { TextRecord } from "@attune/spec";
import type { RecipeConfig } from "../config/recipe-config.ts";
import { lastTurnOf } from "../data/chat-row.ts";
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
function exchangeOf(record: TextRecord): { readonly text: string; readonly expected?: string } {
  const content = contentOf(record);
  if (content !== undefined && "completion" in content) return { text: content.prompt, expected: content.completion };
  const turn = content !== undefined && "messages" in content ? lastTurnOf(content.messages) : undefined;
  if (turn === undefined) return { text: record.text };
  const asked = turn.before.map(({ role, content: said }) => `${role}: ${said}`);
  return { text: asked.join("\n"), expected: turn.answer.content };
}
