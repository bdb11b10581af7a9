import { listSites, llama, type SiteDescription } from "@attune/models";
import { describe, expect, it } from "vitest";
import {
  assertPatternsAgree,
  defaultTargets,
  matchSavedModules,
  matchTargets,
  moduleExpression,
  patternValue,
  type TargetOptions,
} from "../src/index.ts";
import { config } from "./support/tiny.ts";

const sites: readonly SiteDescription[] = listSites(llama, config);
const kinds = ["linear", "embedding", "head"] as const;
const match = (targets: TargetOptions & { targetModules: string | readonly string[] }): string[] =>
  matchTargets({ sites }, targets, { method: "any", kinds }).map(({ name }) =>
    name.replace("model.layers.", "").replace(/self_attn\.|mlp\./, ""),
  );

describe("moduleExpression", () => {
  // Each of them backtracks for minutes on a name of thirty characters, or for hours.
  it.each([
    "((([a-z.0-9]+)+)+)+!",
    "(.*)*x",
    "(a|a)*!",
    "(?:[a-z_.0-9]?){40}!",
    "(?P<part>(?:\\w|_)+)!",
    "([^!]|[a-z.])+!",
    "(.*)*(.*)*(.*)*x",
    ".*[a-z].*[a-z].*[a-z].*[a-z].*[a-z].*[a-z].*[a-z].*!",
  ])("refuses %s before it is tried", (source) => {
    expect(() => moduleExpression(source)).toThrow(/could take for ever/);
    expect(() => patternValue({ [source]: 4 }, "model.layers.0.self_attn.q_proj")).toThrow(/could take for ever/);
  });

  // What people write, among it what Unsloth writes into adapters.
  it.each([
    ["model\\.layers\\.\\d+\\.(self_attn|mlp)\\.(up|q)_proj", true],
    [
      "(?:.*?(?:vision|language|model).*?(?:self_attn|mlp).*?(?:q_proj|up_proj).*?)|(?:\\bmodel\\.layers\\.[\\d]{1,}\\.(?:mlp))",
      true,
    ],
    ["(?!.*vision).*(?<=self_attn)\\.[kq]_proj", true],
    ["model[.*+(|]layers[.]\\d{1,3}\\.(\\w{9}\\.)*q_proj", true],
    ["(\\w\\w)+", false],
  ])("takes %s", (source, matches) => {
    expect(moduleExpression(source).test("model.layers.0.self_attn.q_proj")).toBe(matches);
  });
});

describe("matchTargets", () => {
  it.each<[string, TargetOptions & { targetModules: string | readonly string[] }, string[]]>([
    ["the end of a name behind a dot", { targetModules: ["v_proj"] }, ["0.v_proj", "1.v_proj"]],
    ["a whole name", { targetModules: ["model.layers.1.mlp.up_proj"] }, ["1.up_proj"]],
    ["several parts of a name", { targetModules: ["0.mlp.up_proj", "lm_head"] }, ["0.up_proj", "lm_head"]],
    ["an expression for whole names", { targetModules: ".*1.*(k|o)_proj" }, ["1.k_proj", "1.o_proj"]],
    ["Python's spelling of groups", { targetModules: ".*(?P<layer>0).*q_proj" }, ["0.q_proj"]],
    [
      "all linear modules but the head",
      { targetModules: "all-linear", layersToTransform: [1] },
      [..."01"].flatMap((layer) => ["q", "k", "v", "o", "gate", "up", "down"].map((name) => `${layer}.${name}_proj`)),
    ],
    ["chosen layers", { targetModules: ["q_proj"], layersToTransform: [1] }, ["1.q_proj"]],
    [
      "no layer of a name given in full",
      { targetModules: ["q_proj", "model.layers.0.self_attn.k_proj"], layersToTransform: [1] },
      ["0.k_proj", "1.q_proj"],
    ],
    [
      "layers behind a pattern",
      { targetModules: ["q_proj"], layersToTransform: [0], layersPattern: ["blocks", "layers"] },
      ["0.q_proj"],
    ],
    [
      "what is not excluded by name",
      { targetModules: ["q_proj", "k_proj"], excludeModules: ["0.self_attn.q_proj", "k_proj"] },
      ["1.q_proj"],
    ],
    [
      "what is not excluded by an expression",
      { targetModules: ["q_proj"], excludeModules: ".*layers\\.0\\..*" },
      ["1.q_proj"],
    ],
    ["what is not saved whole", { targetModules: ["q_proj"], modulesToSave: ["0.self_attn"] }, ["1.q_proj"]],
    ["embeddings and heads", { targetModules: ["embed_tokens", "lm_head"] }, ["model.embed_tokens", "lm_head"]],
  ])("finds %s", (_, targets, expected) => {
    expect(match(targets)).toEqual(expected);
  });

  it("says what a model has where nothing matches, entry by entry", () => {
    expect(() => match({ targetModules: ["q_prj"] })).toThrow(
      expect.objectContaining({ code: "OPTIONS_INVALID", hint: expect.stringContaining("q_proj") }),
    );
    expect(() => match({ targetModules: ["q_proj", "W_pack"] })).toThrow(/W_pack/);
    expect(
      matchTargets(
        { sites, allowUnmatchedTargets: true },
        { targetModules: ["q_proj", "W_pack"] },
        { method: "any", kinds },
      ),
    ).toHaveLength(2);
    expect(() => match({ targetModules: "q_proj" })).toThrow(/matches no module/);
    expect(() => match({ targetModules: ["q_proj"], layersToTransform: [7] })).toThrow(/matches no module/);
  });

  it("names a module of a kind that the method does not adapt", () => {
    expect(() => match({ targetModules: ["self_attn"] })).toThrow(
      expect.objectContaining({
        code: "CONFIG_INCOMPATIBLE",
        message: expect.stringContaining("model.layers.0.self_attn"),
      }),
    );
    expect(() => match({ targetModules: ".*layernorm|.*q_proj" })).toThrow(/input_layernorm.*norm/);
  });
});

describe("patterns", () => {
  it("take the first that matches the end of a name", () => {
    const patterns = {
      "1.self_attn.q_proj": 3,
      "(q|k)_proj": 5,
      "^model.layers.0.mlp.up_proj": 7,
      "layers.[0].*o_proj": 9,
    };
    const value = (name: string): number | undefined => patternValue(patterns, `model.layers.${name}`);
    expect(
      [
        "0.self_attn.q_proj",
        "1.self_attn.q_proj",
        "1.self_attn.k_proj",
        "0.mlp.up_proj",
        "1.mlp.up_proj",
        "0.self_attn.o_proj",
        "1.self_attn.o_proj",
      ].map(value),
    ).toEqual([5, 3, 5, 7, undefined, 9, undefined]);
    expect(patternValue({ proj: 2 }, "model.layers.0.self_attn.q_proj")).toBeUndefined();
  });

  it("may overlap only where PEFT's sorting changes nothing", () => {
    const modules = ["model.layers.1.mlp.down_proj"];
    expect(() =>
      assertPatternsAgree("rankPattern", { "1.mlp.down_proj": 6, "mlp.down_proj": 3 }, modules),
    ).not.toThrow();
    expect(() =>
      assertPatternsAgree("rankPattern", { "mlp.down_proj": 3, "1.mlp.down_proj": 3 }, modules),
    ).not.toThrow();
    expect(() => assertPatternsAgree("rankPattern", { "mlp.down_proj": 3, "1.mlp.down_proj": 6 }, modules)).toThrow(
      /1\.mlp\.down_proj.*sorted/,
    );
  });
});

it("finds modules to save by the end of their name, with what is inside", () => {
  const saved = (entries: string[]): string[] => matchSavedModules({ sites }, entries).map(({ name }) => name);
  expect(saved(["lm_head", "model.norm"])).toEqual(["model.norm", "lm_head"]);
  expect(saved(["0.mlp"])).toEqual(["gate", "up", "down"].map((name) => `model.layers.0.mlp.${name}_proj`));
  expect(saved(["layernorm"])).toHaveLength(4);
  expect(() => saved(["lm_head", "score"])).toThrow(/modulesToSave "score"/);
});

it("takes default targets from the family, then from the method", () => {
  const method = { id: "lora", defaults: { learningRate: 1, weightDecay: 0 } };
  expect(defaultTargets(method, llama)).toEqual(["q_proj", "v_proj"]);
  expect(
    defaultTargets({ id: "own", defaults: { ...method.defaults, targets: () => ({ targets: ["o_proj"] }) } }, llama),
  ).toEqual(["o_proj"]);
  expect(() => defaultTargets({ ...method, id: "own" }, llama)).toThrow(/targetModules|default targets/);
});
