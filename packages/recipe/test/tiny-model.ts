// A random model of a few thousand parameters with a tokenizer of its own, as a checkpoint folder, and rows to train it on.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCpuBackend } from "@attune/backend-cpu";
import { initialiseModel, saveModel } from "@attune/models";
import { createRandomSequence, createRuntime } from "@attune/tensor-core";
import tokenizerPlugins from "@attune/tokenizer-bpe";
import { createTokenizer, saveTokenizer } from "@attune/tokenizer-core";
import { afterAll, onTestFinished } from "vitest";
import { modelConfigOf } from "../src/train/model-config-json.ts";
import { trainTokenizer } from "../src/train/train-tokenizer.ts";

const words = {
  ham: ["meeting", "report", "thanks", "monday", "patch", "list", "kernel", "lunch"],
  spam: ["free", "money", "offer", "winner", "click", "cheap", "credit", "pills"],
};

/** A folder that is removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "attune-recipe-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A folder that is removed when the tests of the file end; for `beforeAll`. */
export function sharedFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "attune-recipe-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A text that says which label it has by its words. */
export function textOf(label: "ham" | "spam", row: number): string {
  const random = createRandomSequence(row, label);
  const pick = (from: readonly string[]): string => from[random.integer(from.length)]!;
  return `${pick(words[label])} ${pick(words[label])} number ${row} ${pick(words[label])}.`;
}

/** Rows of text and label, half of them spam. */
export function labelledRows(count: number): { id: string; text: string; label: string }[] {
  return Array.from({ length: count }, (_, row) => {
    const label = row % 2 === 0 ? "ham" : "spam";
    return { id: `row-${row}`, text: textOf(label, row), label };
  });
}

/** Writes rows as JSON lines. */
export function writeRows(path: string, rows: readonly object[]): string {
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return path;
}

export const chatTemplate =
  "{{ bos_token }}{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";

/** Writes the model into `folder/model` and returns that path. */
export async function writeTinyModel(folder: string): Promise<string> {
  const path = join(folder, "model");
  mkdirSync(path, { recursive: true });
  const corpus = labelledRows(200).map(({ text }) => `${text} Is this spam? yes no topic place area`);
  const files = await trainTokenizer(
    corpus,
    {
      vocabularySize: 400,
      minFrequency: 2,
      bos: "<s>",
      eos: "</s>",
      pad: "<pad>",
      reserved: ["<|system|>", "<|user|>", "<|assistant|>", "<|end|>"],
    },
    { contextLength: 64, chatTemplate },
  );
  const tokenizer = createTokenizer(files, tokenizerPlugins);
  const runtime = createRuntime({ backend: createCpuBackend({ threads: 1 }) });
  try {
    const config = modelConfigOf(
      {
        layers: 2,
        hiddenSize: 32,
        intermediateSize: 64,
        heads: 4,
        keyValueHeads: 2,
        headSize: 8,
        contextLength: 64,
        tiedEmbeddings: true,
        ropeTheta: 10_000,
        normEpsilon: 1e-5,
        initializerRange: 0.08,
      },
      tokenizer,
    );
    const model = await initialiseModel(runtime, config, { seed: 3 });
    await saveModel(runtime, model, path);
    await saveTokenizer(path, files);
  } finally {
    await runtime.dispose();
  }
  return path;
}

/** A recipe of the whole job on rows of a file, small enough for a test. */
export function tinyRecipe(model: string, data: string): string {
  return `
name: tiny
model: ${model}
data:
  source: { path: ${data} }
  stages:
    dedup: { near: false }
    split: { validation: 0.2, test: 0.2, groupBy: [], seed: 1 }
template:
  prompt: "{text} Is this spam?"
  completions: { ham: " no", spam: " yes" }
  maxTokens: 40
  endOfText: false
method: { id: lora, options: { rank: 4, targetModules: all-linear } }
training:
  steps: 6
  rows: 2
  blockLength: 64
  learningRate: 0.02
  schedule: { warmup: 0 }
  evaluateEvery: 2
  checkpointEvery: 2
  replay: { share: 0.2, generate: { texts: 4, tokens: 8 } }
evaluation:
  task: classification
  labels: [ham, spam]
  positive: spam
  calibration: affine
  resamples: 100
  general: { source: { path: ${data} }, documents: 4 }
merge: {}
threads: 1
`;
}
