import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { spawnAttune } from "./attune.ts";

const animals = ["cat", "dog", "fox", "owl"];
const verbs = ["sees", "hears", "likes", "finds"];
const things = ["a hat", "the moon", "some rain", "an old road"];

/** 64 short texts, labelled by animal, as `texts.jsonl`. */
export function writeTexts(folder: string): string {
  const rows = animals.flatMap((animal) =>
    verbs.flatMap((verb) =>
      things.map((thing) => ({
        id: `${animal}-${verb}-${thing.split(" ").at(-1)}`,
        text: `The ${animal} ${verb} ${thing}, and then it sleeps.`,
        label: animal,
      })),
    ),
  );
  return writeLines(join(folder, "texts.jsonl"), rows);
}

/** Writes rows as JSON Lines. */
export function writeLines(path: string, rows: readonly unknown[]): string {
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return path;
}

/** The recipe of a model of 29 thousand parameters, as `tiny.yaml`. */
export function writeTinyRecipe(folder: string): string {
  const path = join(folder, "tiny.yaml");
  writeFileSync(
    path,
    `name: tiny
architecture: { layers: 2, hiddenSize: 32, intermediateSize: 64, heads: 2, keyValueHeads: 1, headSize: 16, contextLength: 64 }
tokenizerTraining: { vocabularySize: 320 }
data:
  source: { path: texts.jsonl }
training: { steps: 30, rows: 2, blockLength: 64, learningRate: 0.01, checkpointEvery: 10 }
`,
  );
  return path;
}

/** Pretrains it with the command and returns its folder and what the command printed. */
export async function pretrainTiny(folder: string): Promise<{ model: string; document: Record<string, unknown> }> {
  writeTexts(folder);
  const recipe = writeTinyRecipe(folder);
  const { code, stdout, stderr } = await spawnAttune([
    "pretrain",
    recipe,
    "--output",
    join(folder, "tiny"),
    "--threads",
    "1",
    "--json",
  ]);
  if (code !== 0) throw new Error(`attune pretrain ended with ${code}: ${stderr}`);
  return { model: join(folder, "tiny", "model"), document: JSON.parse(stdout) as Record<string, unknown> };
}
