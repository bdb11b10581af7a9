// Pretrains attune:tiny, over several resumed runs if needed, and publishes its files into packages/model-tiny.
//
//   node --conditions=@attune/source tooling/pretrain-tiny/run.ts --data DIR --output DIR [--resume] [--publish] [--set KEY=VALUE]...
import { copyFile, mkdir } from "node:fs/promises";
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
    resume: { type: "boolean", default: false },
    publish: { type: "boolean", default: false },
    set: { type: "string", multiple: true, default: [] },
  },
});
if (values.data === undefined || values.output === undefined) throw new Error("Give --data DIR and --output DIR.");

const recipe = await resolveRecipe({
  file: fileURLToPath(new URL("./tiny.yaml", import.meta.url)),
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
  await copyFile(metrics, join(target, "metrics.jsonl"));
}
