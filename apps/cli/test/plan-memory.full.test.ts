// The peak of memory that a run predicts before its first step, held to what it then used, on configurations that no constant of
// the prediction was fitted to. Part of `npm run test:full`.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunPlan } from "@attune/recipe";
import { beforeAll, expect, test } from "vitest";
import { spawnAttune, temporaryFolder } from "./attune.ts";
import { writeLines } from "./tiny-model.ts";

const folder = temporaryFolder();
const path = (...parts: string[]): string => join(folder, ...parts);

/** Rows of a hundred words, of which some say the label. */
function rows(count: number): object[] {
  const labels = ["north", "south", "east"];
  return Array.from({ length: count }, (_, row) => {
    const word = (place: number): string =>
      `${"bcdfgklmnprst"[(row * 31 + place * 17) % 13]}${"aeiou"[(row + place) % 5]}n${(row * 7 + place * place) % 97}`;
    const words = Array.from({ length: 40 + (row % 60) }, (_, place) =>
      place % 9 === 0 ? labels[row % 3]! : word(place),
    );
    return { id: `r${row}`, text: `${words.join(" ")}.`, label: labels[row % 3] };
  });
}

/** Short rows of seventy labels, whose 9,000 words and pairs of words each stand in several rows. */
function manyLabelledRows(count: number): object[] {
  const spelt = (number: number): string => [...`${number}`].map((digit) => "bdfgklmnrs"[Number(digit)]).join("a");
  return Array.from({ length: count }, (_, row) => {
    const words = Array.from({ length: 12 }, (_, place) => spelt(10_000 + ((row * 37 + place) % 9000)));
    return { id: `r${row}`, text: `${words.join(" ")}.`, label: `topic ${spelt(10 + (row % 70))}` };
  });
}

beforeAll(() => {
  writeLines(path("rows.jsonl"), rows(600));
  writeLines(path("many.jsonl"), manyLabelledRows(3000));
});

test.each([
  {
    name: "narrow and deep, rank 8",
    architecture:
      "{ layers: 6, hiddenSize: 384, intermediateSize: 1024, heads: 6, keyValueHeads: 2, headSize: 64, contextLength: 512 }",
    method: "{ id: lora, options: { rank: 8, targetModules: all-linear } }",
    training: "{ steps: 3, rows: 8, blockLength: 256, learningRate: 0.001 }",
  },
  {
    name: "wide, rank 64, looked at while it trains",
    architecture:
      "{ layers: 4, hiddenSize: 640, intermediateSize: 1536, heads: 10, keyValueHeads: 5, headSize: 64, contextLength: 256 }",
    method: "{ id: lora, options: { rank: 64, targetModules: all-linear } }",
    training: "{ steps: 2, rows: 4, blockLength: 128, learningRate: 0.001, evaluateEvery: 2 }",
  },
  {
    name: "every parameter, long rows",
    architecture:
      "{ layers: 4, hiddenSize: 256, intermediateSize: 768, heads: 4, keyValueHeads: 4, headSize: 64, contextLength: 2048 }",
    method: "{ id: full }",
    training: "{ steps: 2, rows: 2, blockLength: 2048, learningRate: 0.001 }",
  },
  {
    name: "seventy labels, beside which word counts take most",
    architecture:
      "{ layers: 2, hiddenSize: 128, intermediateSize: 256, heads: 2, keyValueHeads: 2, headSize: 64, contextLength: 256 }",
    method: "{ id: lora, options: { rank: 8, targetModules: all-linear } }",
    training: "{ steps: 3, rows: 2, blockLength: 256, learningRate: 0.001 }",
    data: { file: "many.jsonl", held: 140 },
  },
])(
  "$name: used within 15 % of what was predicted",
  async ({ name, architecture, method, training, data = { file: "rows.jsonl", held: 60 } }) => {
    const own = name.split(/\W/)[0]!;
    writeFileSync(
      path(`${own}-base.yaml`),
      `name: ${own}-base
architecture: ${architecture}
tokenizerTraining: { vocabularySize: 1024 }
data: { source: { path: ${data.file} } }
training: { steps: 1, rows: 1, blockLength: 64, learningRate: 0.001 }
`,
    );
    writeFileSync(
      path(`${own}.yaml`),
      `name: ${own}
model: ${own}-base/model
data:
  source: { path: ${data.file} }
  stages: { split: { validation: ${data.held}, test: ${data.held}, groupBy: [] } }
template: { prompt: "{text}\\nWhere:", completion: " {completion}", maxTokens: 120, endOfText: false }
method: ${method}
training: ${training}
evaluation: { task: classification, resamples: 100, general: { source: { path: rows.jsonl }, documents: 8, characters: 400 } }
`,
    );
    const run = async (verb: string, recipe: string, output: string): Promise<void> => {
      const { code, stderr } = await spawnAttune([
        verb,
        path(recipe),
        "--output",
        path(output),
        "--threads",
        "1",
        "--quiet",
      ]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    };
    await run("pretrain", `${own}-base.yaml`, `${own}-base`);
    await run("run", `${own}.yaml`, `${own}-run`);
    const { memory, used } = JSON.parse(readFileSync(path(`${own}-run`, "plan.json"), "utf8")) as RunPlan;
    expect(used!.peakBytes / memory.peakBytes).toBeGreaterThan(0.85);
    expect(used!.peakBytes / memory.peakBytes).toBeLessThan(1.15);
  },
  1_800_000,
);
