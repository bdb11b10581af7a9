// Puts the model of a finished run into packages/model-tiny, with the metrics of its steps.
//
//   node --conditions=@attune/source tooling/pretrain-tiny/publish.ts --run DIR [--average SHARE]
//
// --average publishes the mean of what the package holds and of what the run trained on from it, SHARE of the latter; the metrics of
// the run then stand behind those that are there.
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runFolderLayout } from "@attune/run-folder";
import { averageCheckpoints } from "./average-checkpoints.ts";

const { values } = parseArgs({ options: { run: { type: "string" }, average: { type: "string" } } });
if (values.run === undefined) throw new Error("Give --run DIR.");

const run = runFolderLayout(values.run);
const target = fileURLToPath(new URL("../../packages/model-tiny/", import.meta.url));
const names = ["config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"];
await mkdir(join(target, "model"), { recursive: true });
if (values.average === undefined) {
  for (const name of [...names, "model.safetensors"])
    await copyFile(join(run.model, name), join(target, "model", name));
  await copyFile(run.metrics, join(target, "metrics.jsonl"));
} else {
  await publishMean(Number(values.average));
}

async function publishMean(share: number): Promise<void> {
  const mean = await mkdtemp(join(tmpdir(), "attune-mean-"));
  await averageCheckpoints([join(target, "model"), run.model], share, mean);
  await copyFile(join(mean, "model.safetensors"), join(target, "model", "model.safetensors"));
  await rm(mean, { recursive: true });
  const before = linesOf(await readFile(join(target, "metrics.jsonl"), "utf8"));
  const after = linesOf(await readFile(run.metrics, "utf8"));
  const lines = [...before, ...after.map((line) => ({ ...line, step: line.step + before.at(-1)!.step }))];
  await writeFile(join(target, "metrics.jsonl"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

function linesOf(text: string): { readonly step: number }[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { step: number });
}
