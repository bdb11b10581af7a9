// Pretrains attune:tiny, over several resumed runs if needed.
//
//   node --conditions=@attune/source tooling/pretrain-tiny/run.ts --data DIR --output DIR [--recipe NAME] [--resume] [--set KEY=VALUE]...
//
// Recipes: tiny (from scratch), tiny-continued (further training of what the package holds). publish.ts puts the result into the package.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { enable256Bits } from "@attune/backend-cpu";
import { createToolbox, pretrain, resolveRecipe } from "@attune/recipe";

const { values } = parseArgs({
  options: {
    data: { type: "string" },
    output: { type: "string" },
    recipe: { type: "string", default: "tiny" },
    resume: { type: "boolean", default: false },
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
