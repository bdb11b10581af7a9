import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { describeConfig, formatOrigin, formatRecipe, recipeJsonSchema, resolveRecipe } from "../src/index.ts";
import { temporaryFolder } from "./tiny-model.ts";

const text = `name: mail
model: attune:tiny
data:
  source: { path: ../rows.jsonl }
  stages:
    parse:
    split: { test: 0.1 }
training: { steps: 4 }
`;

describe("resolveRecipe", () => {
  it("lays defaults, recipe, environment, options and --set over each other and keeps every origin", async () => {
    const resolved = await resolveRecipe({
      file: "/recipes/mail.yaml",
      text,
      environment: { ATTUNE_TRAINING_LEARNING_RATE: "2e-3", ATTUNE_SEED: "7", ATTUNE_TRAINING_ROWS: "8", PATH: "x" },
      overrides: { training: { rows: 6 }, seed: 8 },
      set: ["seed=9", "data.stages.split.test=0.2", "data.stages.parse=false", "merge.dtype=F32"],
      workingDirectory: "/work",
    });
    const { config } = resolved;
    expect(config.training).toMatchObject({ steps: 4, learningRate: 2e-3, rows: 6, accumulation: 1 });
    expect(config).toMatchObject({ seed: 9, merge: { dtype: "F32" }, model: "attune:tiny" });
    expect(config.data).toMatchObject({
      source: { path: "/rows.jsonl" },
      stages: { parse: false, split: { test: 0.2 } },
    });
    const origins = Object.fromEntries(
      describeConfig(resolved).map(({ path, origin }) => [path, formatOrigin(origin)]),
    );
    expect(origins).toMatchObject({
      name: "/recipes/mail.yaml:1:7",
      "data.source.path": "/recipes/mail.yaml:4:19",
      "data.stages.split.test": "--set data.stages.split.test=0.2",
      "training.steps": "/recipes/mail.yaml:8:20",
      "training.learningRate": "ATTUNE_TRAINING_LEARNING_RATE",
      "training.rows": "option",
      seed: "--set seed=9",
      "training.accumulation": "default",
    });
    expect(resolved.notices).toEqual([]);
  });

  it("tells of environment variables that name no key", async () => {
    const { notices } = await resolveRecipe({ environment: { ATTUNE_SEEDS: "1", ATTUNE_TEST_DATA: "x" } });
    expect(notices).toEqual([expect.stringContaining("ATTUNE_SEEDS")]);
  });

  it("paths of --set and the environment start at the working directory, those of the recipe at its folder", async () => {
    const layers = { file: "/recipes/a.yaml", text: "model: models/a\nadapter: b\n", workingDirectory: "/work" };
    expect((await resolveRecipe(layers)).config).toMatchObject({ model: "/recipes/models/a", adapter: "/recipes/b" });
    expect((await resolveRecipe({ ...layers, set: ["model=c", "output=o"] })).config).toMatchObject({
      model: "/work/c",
      output: "/work/o",
    });
  });

  it("what it writes resolves to itself, with nothing left to a default", async () => {
    const folder = temporaryFolder();
    const { config } = await resolveRecipe({ file: join(folder, "a.yaml"), text });
    writeFileSync(join(folder, "b.yaml"), formatRecipe(config));
    const again = await resolveRecipe({ file: join(folder, "b.yaml") });
    expect(again.config).toEqual(config);
    expect(describeConfig(again).filter(({ origin }) => origin.kind === "default")).toEqual([]);
  });
});

describe("errors of a recipe", () => {
  it.each([
    [
      "training:\n  stepz: 4",
      "CONFIG_UNKNOWN_KEY",
      'r.yaml:2:3: "stepz" is not a key of "training".',
      'Did you mean "steps"?',
    ],
    ["modl: a", "CONFIG_UNKNOWN_KEY", 'r.yaml:1:1: "modl" is not a key of a recipe.', 'Did you mean "model"?'],
    ["evaluation: { task: classification, lables: [a, b] }", "CONFIG_UNKNOWN_KEY", 'r.yaml:1:37: "lables"', '"labels"'],
    [
      "training:\n  learningRate: fast",
      "OPTIONS_INVALID",
      'r.yaml:2:17: training.learningRate: Expected number, but received "fast"',
      "",
    ],
    ["training: { rows: 1.5 }", "OPTIONS_INVALID", "r.yaml:1:19: training.rows", ""],
    ["evaluation: { task: guess }", "OPTIONS_INVALID", "r.yaml:1:21: evaluation.task", ""],
    [
      "data: { stages: { parse: 4 } }",
      "OPTIONS_INVALID",
      "r.yaml:1:26: data.stages.parse: Expected the options of the stage",
      "",
    ],
    ["name: ../x", "OPTIONS_INVALID", "r.yaml:1:7: name", ""],
    ["name: a\nname: b", "OPTIONS_INVALID", "r.yaml:2:1: Map keys must be unique", "YAML"],
    ["name: [", "OPTIONS_INVALID", "r.yaml:1:8", "YAML"],
    ["- a", "OPTIONS_INVALID", "r.yaml:1:1: Expected keys with values", ""],
  ] as const)("%s", async (yaml, code, message, hint) => {
    const error = await resolveRecipe({ file: "r.yaml", text: yaml }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    if (hint !== "") expect((error as { hint: string }).hint).toContain(hint);
  });

  it.each([
    ["training.stpes=4", "CONFIG_UNKNOWN_KEY", '--set training.stpes=4: "stpes" is not a key'],
    ["training.steps=x", "OPTIONS_INVALID", "--set training.steps=x: training.steps"],
    ["training", "OPTIONS_INVALID", "Expected --set KEY=VALUE"],
    ["a..b=1", "OPTIONS_INVALID", "Expected a key such as training.steps"],
    ["seed=[", "OPTIONS_INVALID", "Expected a YAML value in --set seed=["],
  ] as const)("--set %s", async (set, code, message) => {
    await expect(resolveRecipe({ set: [set] })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  it("a missing file is named", async () => {
    await expect(resolveRecipe({ file: "/nowhere/a.yaml" })).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  });

  it("a bomb of aliases is refused", async () => {
    const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
    for (let level = 1; level < 9; level++)
      lines.push(
        `a${level}: &a${level} [${Array(10)
          .fill(`*a${level - 1}`)
          .join(", ")}]`,
      );
    await expect(resolveRecipe({ file: "r.yaml", text: lines.join("\n") })).rejects.toMatchObject({
      code: "OPTIONS_INVALID",
    });
  });
});

it("the JSON schema describes every key for editors", () => {
  const undocumented: string[] = [];
  const visit = (node: Record<string, unknown>, path: string): void => {
    const properties = (node["properties"] ?? {}) as Record<string, Record<string, unknown>>;
    for (const [key, inner] of Object.entries(properties)) {
      if (typeof inner["description"] !== "string") undocumented.push(`${path}${key}`);
      visit(inner, `${path}${key}.`);
      for (const choice of (inner["anyOf"] ?? []) as Record<string, unknown>[]) visit(choice, `${path}${key}.`);
    }
    if (node["properties"] !== undefined) expect(node["additionalProperties"]).toBe(false);
  };
  visit(recipeJsonSchema(), "");
  expect(undocumented).toEqual([]);
});

describe("hostile recipes", () => {
  const refused = (recipe: string) => resolveRecipe({ file: "r.yaml", text: recipe });
  const aliases = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
  for (const name of "bcdefg") {
    const before = String.fromCharCode(name.charCodeAt(0) - 1);
    aliases.push(`${name}: &${name} [${Array(10).fill(`*${before}`).join(", ")}]`);
  }

  it.each([
    ["aliases of aliases", aliases.join("\n"), /^Could not read r\.yaml: its aliases .* too many values\.$/, /aliases/],
    ["values nested too deep", `name: ${"[".repeat(20_000)}`, /^r\.yaml:1:\d+: Values are nested too deep\.$/, /YAML/],
    ["a tag that stands for code", "model: !!js/function x", /^r\.yaml:1:8: Unresolved tag/, /YAML/],
    ["__proto__ as a key", "__proto__: { polluted: true }", /^r\.yaml:1:1: "__proto__" cannot be a key\.$/, /YAML/],
    [
      "__proto__ where any key may be",
      "data:\n  stages: { __proto__: { x: 1 } }",
      /^r\.yaml:2:13: "__proto__" cannot be a key\.$/,
      /YAML/,
    ],
    ["a number that is none", "training: { steps: 1e999 }", /^r\.yaml:1:20: training\.steps: .* Infinity\.$/, /steps/],
    ["a key written twice", "name: a\nname: b", /^r\.yaml:2:1: Map keys must be unique\.$/, /YAML/],
    ["a list", "- a", /^r\.yaml:1:1: Expected keys with values\.$/, /YAML/],
  ])("%s", async (_, recipe, message, hint) => {
    const error = await refused(recipe).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "OPTIONS_INVALID",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("--set is held to the same", async () => {
    await expect(resolveRecipe({ set: ["data.stages={__proto__: {x: 1}}"] })).rejects.toMatchObject({
      code: "OPTIONS_INVALID",
      message: expect.stringContaining('"__proto__" cannot be a key'),
    });
    await expect(resolveRecipe({ set: ["data.stages.__proto__.x=1"] })).rejects.toMatchObject({
      code: "OPTIONS_INVALID",
    });
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });
});
