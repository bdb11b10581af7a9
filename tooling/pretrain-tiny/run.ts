// Pretrains attune:tiny, over several resumed runs if needed, and publishes its files into packages/model-tiny.
//
//   node --conditions=@attune/source tooling/pretrain-tiny/run.ts --data DIR --output DIR [--recipe NAME] [--resume] [--publish] [--set KEY=VALUE]...
//
// Recipes: tiny (from scratch), tiny-continued (further training of what the package holds; its steps are counted on in metrics.jsonl).
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { enable256Bits } from "@attune/backend-cpu";
import { createToolbox, pretrain, resolveRecipe } from "@attune/recipe";
import { runFolderLayout } from "@attune/run-folder";

const { values } = parseArgs({
  options: {
    data: { type: "string" },
    output: { type: "string" },
    recipe: { type: "string", default: "tiny" },
    resume: { type: "boolean", default: false },
    publish: { type: "boolean", default: false },
    set: { type: "string", multiple: true, default: [] },
  },
});
if (values.data === undefined || values.output === undefined) throw new Error("Give --data DIR and --output DIR.");

const recipe = await resolveRecipe({
  file: fileURLToPath(new URL(`./${values.recipe}.yaml`, import.meta.url)),
  set: [
    `data.source.path=${join(values.data, "text/pretrain_en.jsonl.gz")}`,
    `evaluation.general.source.path=${join(values.data, "text/wikitext2_valid.txt")}`,
    ...values.set,
  ],
});
const interruption = new AbortController();
process.once("SIGINT", () => interruption.abort());
enable256Bits();
const result = await pretrain(recipe, {
  toolbox: createToolbox(),
  output: values.output,
  resume: values.resume,
  signal: interruption.signal,
  onProgress({ stage, done, total, metrics }) {
    if (done % 10 !== 0 && metrics?.["validation.loss"] === undefined) return;
    const numbers = Object.entries(metrics ?? {}).map(([name, value]) => `${name} ${value.toPrecision(4)}`);
    process.stderr.write(`${stage} ${done}/${total ?? "?"} ${numbers.join(" ")}\n`);
  },
});
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
if (values.publish) await publish(result.model, runFolderLayout(values.output).metrics);

/** Copies the weights, the tokenizer and the metrics into the package. */
async function publish(model: string, metrics: string): Promise<void> {
  const target = fileURLToPath(new URL("../../packages/model-tiny/", import.meta.url));
  const names = [
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
  ];
  await mkdir(join(target, "model"), { recursive: true });
  for (const name of names) await copyFile(join(model, name), join(target, "model", name));
  await publishMetrics(metrics, join(target, "metrics.jsonl"));
}

/** The metrics of a first run as they are; those of a continued one behind what is there. */
async function publishMetrics(metrics: string, target: string): Promise<void> {
  if (recipe.config.model === null) return copyFile(metrics, target);
  const before = linesOf(await readFile(target, "utf8"));
  const after = linesOf(await readFile(metrics, "utf8"));
  const lines = [...before, ...after.map((line) => ({ ...line, step: line.step + before.at(-1)!.step }))];
  await writeFile(target, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

function linesOf(text: string): { readonly step: number }[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { step: number });
}
