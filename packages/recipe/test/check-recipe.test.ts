import { describe, expect, it } from "vitest";
import { checkRecipe, createToolbox, type RecipeUse, resolveRecipe } from "../src/index.ts";

const toolbox = createToolbox();
const whole = `
model: attune:tiny
data: { source: { path: rows.jsonl }, stages: { split: { test: 0.2 } } }
template: { completions: { ham: " no", spam: " yes" } }
training: { steps: 4 }
evaluation: { task: classification, labels: [ham, spam] }
`;

async function problemOf(
  set: readonly string[],
  use: RecipeUse = "run",
  text = whole,
): Promise<Record<string, unknown>> {
  const recipe = await resolveRecipe({ file: "r.yaml", text, set });
  try {
    checkRecipe(recipe, toolbox, use);
  } catch (error) {
    return error as Record<string, unknown>;
  }
  return {};
}

it("a whole recipe passes", async () => {
  expect(await problemOf([])).toEqual({});
  expect(await problemOf(["evaluation.gate={accuracy: 0.9, f1: 0.9, brier: 0.2}", "evaluation.positive=spam"])).toEqual(
    {},
  );
});

describe("pairs that do not go together", () => {
  it.each([
    [["training.epochs=2"], "training.steps does not go with training.epochs"],
    [["training.patience=2"], "training.patience does not go with training.evaluateEvery"],
    [["training.keep=best"], "training.keep does not go with training.evaluateEvery"],
    [
      ["training.replay={share: 0.1, generate: {texts: 1, tokens: 8}, source: {path: a}}"],
      "training.replay.generate does not go with training.replay.source",
    ],
    [["training.replay.share=1", "training.replay.generate={texts: 1, tokens: 8}"], "leaves nothing of the task"],
    [["method.id=full", "merge={}"], "merge does not go with method.id"],
    [["method.id=full", "method.options.rank=4"], "method.options does not go with method.id"],
    [["template.maxTokens=511"], "template.maxTokens does not go with training.blockLength"],
    [["evaluation.task=perplexity", "evaluation.calibration=affine"], "evaluation.calibration does not go with"],
    [["evaluation.task=generation", "evaluation.shots=2"], "evaluation.shots does not go with"],
    [["evaluation.slots=e2e"], "evaluation.slots does not go with"],
    [["evaluation.positive=junk"], "evaluation.positive does not go with evaluation.labels"],
    [["evaluation.labels=[ham, junk]"], "template.completions does not go with evaluation.labels"],
    [["tokenizerTraining.vocabularySize=400"], "tokenizer does not go with tokenizerTraining"],
  ])("%s", async (set, message) => {
    const error = await problemOf(set);
    expect(error).toMatchObject({ code: "CONFIG_INCOMPATIBLE", message: expect.stringContaining(message) });
    expect(error["hint"]).toContain("one of the two keys");
  });

  it.each([
    [["training.steps=null"], "neither training.steps nor training.epochs is given"],
    [["model=null"], "neither model nor architecture is given"],
    [["training.replay.share=0.1"], "neither training.replay.generate nor training.replay.source is given"],
  ])("%s", async (set, message) => {
    const error = await problemOf(set);
    expect(error).toMatchObject({ code: "CONFIG_INCOMPATIBLE", message: expect.stringContaining(message) });
    expect(error["hint"]).toBe("Give one of the keys that are missing.");
  });

  it("lists all of them at once, with the places where they were written", async () => {
    const error = await problemOf(["training.epochs=2", "training.patience=1"]);
    expect(error["message"]).toContain("(r.yaml:5:20 and --set training.epochs=2)");
    expect((error["details"] as { pairs: unknown[] }).pairs).toEqual([
      ["training.steps", "training.epochs"],
      ["training.patience", "training.evaluateEvery"],
    ]);
  });

  it("pretraining wants an architecture and a tokenizer, and no replay", async () => {
    const set = [
      "model=null",
      "architecture={layers: 1, hiddenSize: 32, intermediateSize: 32, heads: 2, keyValueHeads: 2, headSize: 16, contextLength: 64}",
    ];
    expect((await problemOf(set, "pretrain"))["message"]).toContain("neither tokenizer nor tokenizerTraining is given");
    expect((await problemOf([...set, "tokenizer=t"], "pretrain"))["message"]).toContain(
      "blockLength does not go with architecture.contextLength",
    );
    expect(await problemOf([...set, "tokenizer=t", "training.blockLength=64"], "pretrain")).toEqual({});
  });

  it("pretraining that goes on from a model keeps its tokenizer", async () => {
    expect(await problemOf([], "pretrain")).toEqual({});
    const error = await problemOf(["tokenizerTraining={vocabularySize: 512}"], "pretrain");
    expect(error["message"]).toContain("model does not go with tokenizerTraining");
  });
});

describe("options of parts, each with its place", () => {
  it.each([
    [["device=gpu9"], "DEVICE_UNAVAILABLE", '--set device=gpu9: There is no device "gpu9"', "cpu"],
    [["data.stages.sqlit={}"], "ID_UNKNOWN", '"sqlit"', "split"],
    [["data.stages.split.tset=0.1"], "CONFIG_UNKNOWN_KEY", '--set data.stages.split.tset=0.1: The key "tset"', "test"],
    [["data.stages.split.test=-1"], "OPTIONS_INVALID", "--set data.stages.split.test=-1", ""],
    [["data.source.pth=x"], "CONFIG_UNKNOWN_KEY", '"pth"', "path"],
    [["data.source={}"], "OPTIONS_INVALID", '"path" or "package"', ""],
    [["method.id=lroa"], "ID_UNKNOWN", 'no method "lroa"', "lora"],
    [["method.options.rnak=4"], "CONFIG_UNKNOWN_KEY", '"rnak"', '"rank"'],
    [["training.optimizer.id=adam"], "ID_UNKNOWN", 'no optimizer "adam"', "adamw, sgd"],
    [["training.optimizer.options.bta1=0.5"], "CONFIG_UNKNOWN_KEY", '"bta1"', ""],
    [["evaluation.gate.acuracy=0.9"], "ID_UNKNOWN", 'measures no "acuracy"', "accuracy"],
    [["evaluation.gate.f1=0.9"], "ID_UNKNOWN", 'measures no "f1"', "macroF1"],
    [["template.prompt=no place"], "OPTIONS_INVALID", "--set template.prompt=no place", ""],
    [["training.replay={share: 0.1, source: {path: a, formt: x}}"], "CONFIG_UNKNOWN_KEY", '"formt"', "format"],
  ])("%s", async (set, code, message, hint) => {
    const error = await problemOf(set);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    if (hint !== "") expect(error["hint"]).toContain(hint);
  });

  it("a misspelt option of a stage in the recipe is found by line and column", async () => {
    const text = whole.replace("test: 0.2", "tset: 0.2");
    expect((await problemOf([], "run", text))["message"]).toMatch(
      /^r\.yaml:3:58: The key "tset" is none of the options of the stage split/,
    );
  });
});
