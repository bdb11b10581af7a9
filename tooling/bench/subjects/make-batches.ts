// Batches that every fine-tuning subject trains on: Alpaca rows in their own form, packed by Attune. Written once a size, so
// that losses can be compared step by step.
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { writeJsonAtomic } from "@attune/run-folder";
import type { JsonValue } from "@attune/spec";
import bpe from "@attune/tokenizer-bpe";
import { loadTokenizer } from "@attune/tokenizer-core";
import { createExampleSource, type TrainingExample } from "@attune/train";
import { options } from "./serve.ts";

const { model, alpaca, output, steps, rows, length } = options<{
  model: string;
  alpaca: string;
  output: string;
  steps: number;
  rows: number;
  length: number;
}>();
const tokenizer = await loadTokenizer(model, bpe);
const records = JSON.parse(readFileSync(alpaca, "utf8")) as { instruction: string; input: string; output: string }[];

const examples: TrainingExample[] = records.map((record, index) => {
  const { instruction, input, output: answer } = record;
  const question = input === "" ? instruction : `${instruction}\n\n### Input:\n${input}`;
  const text = `### Instruction:\n${question}\n\n### Response:\n${answer}`;
  const ids = Int32Array.from(tokenizer.encode(text).ids).subarray(0, length);
  return { id: String(index), ids, labels: ids };
});
const source = createExampleSource({
  examples,
  rows,
  blockLength: length,
  padId: tokenizer.specialTokens.pad ?? 0,
  seed: 1,
});
const batches = [];
for (let step = 0; step < steps; step++) {
  const { inputs, tokens, trainedTokens } = await source.next();
  const plain = Object.fromEntries(
    Object.entries(inputs).map(([name, values]) => [name, Array.from(values as Int32Array)]),
  );
  batches.push({ ...plain, tokens, trainedTokens });
}
await mkdir(dirname(output), { recursive: true });
await writeJsonAtomic(output, {
  rows,
  length,
  batches,
  examples: examples.map(({ ids }) => Array.from(ids)),
} as unknown as JsonValue);
