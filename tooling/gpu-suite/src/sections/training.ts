// Does training on the GPU go the way it goes on the CPU? LoRA on attune:tiny, the losses of both step by step.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createWebgpuBackend } from "@attune/backend-webgpu";
import { folder as tinyModel } from "@attune/model-tiny";
import { createToolbox, resolveRecipe, trainModel } from "@attune/recipe";
import { AttuneError, type JsonValue } from "@attune/spec";
import { roundsProductsToHalf } from "@attune/tensor-core";
import type { Item, Section, SectionContext } from "../section.ts";

interface Extent {
  readonly steps: number;
  readonly rows: number;
  readonly blockLength: number;
}

const full: Extent = { steps: 10, rows: 4, blockLength: 128 };
const quick: Extent = { steps: 4, rows: 1, blockLength: 64 };

const recipeOf = ({ steps, rows, blockLength }: Extent): string => `name: trajectory
model: ${JSON.stringify(tinyModel)}
data:
  source: { path: rows.jsonl }
  stages: { split: { groupBy: [], validation: 4, test: 4 } }
template: { prompt: "{text}\\nLabel:", completion: " {label}", maxTokens: 48 }
method: { id: lora, options: { rank: 8, dropout: 0.05, targetModules: all-linear } }
training: { steps: ${steps}, rows: ${rows}, blockLength: ${blockLength}, learningRate: 0.002, checkpointEvery: 1000 }
`;

const subjects = [
  "the meeting on Monday",
  "a patch for the kernel",
  "free money",
  "cheap pills",
  "lunch",
  "your prize",
];

function writeRows(path: string): void {
  const rows = Array.from({ length: 120 }, (_, row) => {
    const subject = subjects[row % subjects.length]!;
    const label = ["free money", "cheap pills", "your prize"].includes(subject) ? "spam" : "ham";
    return JSON.stringify({ id: `row-${row}`, text: `Message ${row * 37} is about ${subject}, number ${row}.`, label });
  });
  writeFileSync(path, `${rows.join("\n")}\n`);
}

interface Curve {
  readonly losses: number[];
  readonly milliseconds: number;
}

/** Trains once, and reads the losses back. */
async function train({ options, folder, doing }: SectionContext, name: string, set: readonly string[]): Promise<Curve> {
  const place = join(folder, "trajectory");
  mkdirSync(place, { recursive: true });
  writeRows(join(place, "rows.jsonl"));
  const { flags, adapter } = options;
  const toolbox = createToolbox({
    baseDirectory: place,
    devices: { webgpu: ({ products }) => createWebgpuBackend({ flags, adapter, products }) },
  });
  const text = recipeOf(options.quick ? quick : full);
  const recipe = await resolveRecipe({ file: join(place, "trajectory.yaml"), text, set });
  const output = join(place, `${name}-${process.pid}`);
  const start = performance.now();
  await trainModel(recipe, {
    toolbox,
    output,
    onProgress: ({ stage, done, unit }) => doing(`${name}, ${stage}, ${done} ${unit}`),
  });
  const milliseconds = performance.now() - start;
  const losses = readFileSync(join(output, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { loss?: number }).loss)
    .filter((loss) => typeof loss === "number");
  return { losses, milliseconds };
}

/**
 * By what share of the first loss a step's may differ, times its number, since AdamW divides gradients by their own size and so adds their
 * errors again: 8 u √K, with K the 1e4 roundings on the way through a model, or the 170 operands of products that are rounded to f16.
 */
const allowedShare = { f32: 8 * 2 ** -23 * Math.sqrt(1e4), f16: 8 * 2 ** -11 * Math.sqrt(170) };

/** Holds losses to those of the CPU. */
function compare(expected: Curve, actual: Curve, share: number): JsonValue {
  const shares = expected.losses.map((loss, step) => Math.abs(actual.losses[step]! - loss) / expected.losses[0]!);
  const allowed = shares.map((_, step) => share * (step + 1));
  const found = { losses: { cpu: expected.losses, gpu: actual.losses }, shares, allowed };
  const wrong = shares.findIndex((share, step) => !(share < allowed[step]!));
  const times = { cpu: expected.milliseconds, gpu: actual.milliseconds };
  if (wrong === -1 && actual.losses.length === expected.losses.length) return { ...found, milliseconds: times };
  const sentence = `Step ${wrong + 1} has a loss of ${actual.losses[wrong]} on the GPU and ${expected.losses[wrong]} on the CPU.`;
  throw new AttuneError("NUMERICS", sentence, { details: found });
}

/** The section. */
export const trainingSection: Section = {
  name: "training",
  title: "LoRA on attune:tiny, losses beside those of the CPU",
  seconds: 120,
  quickSeconds: 40,
  itemSeconds: 100,
  async items(context): Promise<readonly Item[]> {
    const backend = await context.open("f16");
    const half = roundsProductsToHalf(backend.capabilities);
    await backend.dispose();
    let expected: Curve | undefined;
    const onCpu = async (): Promise<Curve> => {
      expected ??= await train(context, "cpu", ["device=cpu"]);
      return expected;
    };
    const onGpu = async (products: "f32" | "f16"): Promise<JsonValue> =>
      compare(
        await onCpu(),
        await train(context, products, ["device=webgpu", `products=${products}`]),
        allowedShare[products],
      );
    return [
      { name: "products in f32", run: () => onGpu("f32") },
      ...(half ? [{ name: "products in f16", run: () => onGpu("f16") }] : []),
    ];
  },
};
