import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { attuneJson, runAttune, temporaryFolder } from "./attune.ts";
import { pretrainTiny } from "./tiny-model.ts";

const folder = temporaryFolder();
const path = (...parts: string[]) => join(folder, ...parts);
let model = "";
let pretrained: Record<string, unknown> = {};

beforeAll(async () => {
  ({ model, document: pretrained } = await pretrainTiny(folder));
}, 120_000);

describe("attune pretrain", () => {
  test("says what it made, and leaves a checkpoint that other verbs take", () => {
    expect(pretrained).toMatchObject({
      schemaVersion: 1,
      model,
      parameters: 28832,
      steps: 30,
      rows: { kept: 64, maskedOut: 0 },
    });
    const metrics = readFileSync(path("tiny", "metrics.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { step: number; loss: number });
    expect(metrics.map(({ step }) => step)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    expect(metrics.at(-1)!.loss).toBeLessThan(metrics[0]!.loss - 1);
  });

  test("a folder that holds a run is refused, and gone on with by --resume", async () => {
    const command = ["pretrain", path("tiny.yaml"), "--output", path("tiny"), "--threads", "1"];
    const refused = await runAttune(command);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("(FILE_EXISTS)");
    expect(refused.stderr).toContain("--resume");
    expect(await attuneJson([...command, "--resume"])).toEqual(pretrained);
    const other = await runAttune([...command, "--resume", "--learning-rate", "0.02"]);
    expect(other.code).toBe(2);
    expect(other.stderr).toContain("training.learningRate is 0.01 there and 0.02 here. (RUN_MISMATCH)");
  });
});

describe("attune pretrain with a tokenizer.json", () => {
  const write = (name: string, architecture: string): string => {
    const recipe = path(`${name}.yaml`);
    writeFileSync(
      recipe,
      `architecture: { layers: 1, intermediateSize: 32, contextLength: 64, ${architecture} }
tokenizer: ${path("mine.json")}
data: { source: { path: texts.jsonl } }
training: { steps: 1, rows: 2, blockLength: 64 }
`,
    );
    return recipe;
  };

  test("takes it into its model, and goes on; heads share the hidden size out where nothing is said", async () => {
    copyFileSync(path("tiny", "model", "tokenizer.json"), path("mine.json"));
    copyFileSync(path("tiny", "model", "tokenizer_config.json"), path("tokenizer_config.json"));
    const command = ["pretrain", write("own", "hiddenSize: 32, heads: 4"), "--output", path("own"), "--threads", "1"];
    const document = await attuneJson(command);
    expect(readFileSync(path("own", "model", "tokenizer.json"))).toEqual(readFileSync(path("mine.json")));
    const config = JSON.parse(readFileSync(path("own", "model", "config.json"), "utf8")) as Record<string, unknown>;
    expect(config).toMatchObject({ head_dim: 8, num_attention_heads: 4, num_key_value_heads: 4 });
    expect(await attuneJson([...command, "--resume"])).toEqual(document);
  });

  test("refuses heads that do not share the hidden size out", async () => {
    const refused = await runAttune(["pretrain", write("odd", "hiddenSize: 32, heads: 5"), "--output", path("odd")]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("architecture.heads") });
  });
});

describe("attune pretrain with a model", () => {
  test("goes on from its values with its tokenizer, so the loss starts where it ended", async () => {
    const recipe = path("further.yaml");
    writeFileSync(
      recipe,
      `name: further
model: ${model}
data: { source: { path: texts.jsonl } }
training: { steps: 2, rows: 2, blockLength: 64, learningRate: 0.0001 }
`,
    );
    const document = await attuneJson(["pretrain", recipe, "--output", path("further"), "--threads", "1"]);
    expect(document).toMatchObject({ parameters: 28832, steps: 2, model: path("further", "model") });
    const losses = ["tiny", "further"].map((run) => lossesOf(path(run, "metrics.jsonl")));
    expect(losses[1]![0]).toBeLessThan(losses[0]![0]! / 2);
    expect(readFileSync(path("further", "model", "tokenizer.json"))).toEqual(
      readFileSync(path("tiny", "model", "tokenizer.json")),
    );
  });
});

function lossesOf(file: string): number[] {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  return lines.map((line) => (JSON.parse(line) as { loss: number }).loss);
}
