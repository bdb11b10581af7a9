import type { Model } from "@attune/models";
import { type Adapters, attachAdapters, placeForInference } from "@attune/peft-core";
import { createTinyModel } from "@attune/peft-testkit";
import { createRandomSequence, elementCount, type Runtime } from "@attune/tensor-core";
import { beforeAll, describe, expect, it } from "vitest";
import { type CombineOptions, combineAdapters, type LoraOptions, lora } from "../src/index.ts";
import { matrixProduct } from "../src/linear-algebra.ts";
import { rankOf, scalingOf } from "../src/lora-scaling.ts";
import { batchOf, interpret, strictRuntime, traceBatch } from "./support/golden.ts";

let runtime: Runtime;
let model: Model;
beforeAll(async () => {
  runtime = strictRuntime();
  model = await createTinyModel(runtime);
});

const sources = {
  plain: { rank: 2, alpha: 6, targetModules: ["q_proj", "embed_tokens"] },
  stable: {
    rank: 4,
    alpha: 3,
    rankStabilized: true,
    targetModules: ["q_proj", "down_proj"],
    rankPattern: { "1.self_attn.q_proj": 3 },
  },
  equal: { rank: 2, alpha: 1, targetModules: ["q_proj"] },
  spectral: { rank: 2, alpha: 4, initialWeights: "pissa", targetModules: ["q_proj"] },
  saving: { rank: 2, modulesToSave: ["model.norm"] },
  alsoSaving: { rank: 2, modulesToSave: ["norm"] },
  dora: { rank: 2, dora: true },
};

function attached(): { adapters: Adapters; values: Map<string, Float32Array> } {
  const adapters = attachAdapters(
    model,
    Object.entries(sources).map(([name, options]) => ({ name, method: lora, options })),
  );
  const values = new Map(
    adapters.parameters.map(({ name, shape }) => {
      const random = createRandomSequence(1, name);
      return [name, Float32Array.from({ length: elementCount(shape) }, () => 0.3 * random.normal())];
    }),
  );
  return { adapters, values };
}

/** Σ w·s·B·A at a module, by the definition. */
function weightedDelta(
  adapters: Adapters,
  values: ReadonlyMap<string, Float32Array>,
  module: string,
  parts: CombineOptions["parts"],
  locals: readonly [string, string] = ["lora_A.weight", "lora_B.weight"],
): Float64Array {
  const deltas = parts.flatMap(({ name, weight }) => {
    const options = adapters.get(name).options as LoraOptions;
    const [A, B] = locals.map((local) => values.get(`${name}/${module}.${local}`));
    if (!A || !B) return [];
    const rank = rankOf(options, module);
    return [
      matrixProduct(B, A, [B.length / rank, rank, A.length / rank]).map(
        (value) => weight * scalingOf(options, module) * value,
      ),
    ];
  });
  return deltas.reduce((sum, delta) => sum.map((value, index) => value + delta[index]!));
}

const difference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, value, index) => Math.max(most, Math.abs(value - b[index]!)), 0);

describe("combineAdapters", () => {
  const parts = [
    { name: "plain", weight: 0.7 },
    { name: "stable", weight: -1.5 },
  ];
  const modules = [
    "model.layers.0.self_attn.q_proj",
    "model.layers.1.self_attn.q_proj",
    "model.layers.0.mlp.down_proj",
  ];

  it.each([
    ["cat", undefined, 6],
    ["svd", 6, 6],
  ] as const)("with %s gives exactly the weighted sum", (combination, rank, expectedRank) => {
    const { adapters, values } = attached();
    const made = combineAdapters(adapters, values, { name: "sum", parts, combination, rank });
    const result = attachAdapters(model, [made]);
    expect(result.get("sum").options).toMatchObject({
      rank: expectedRank,
      alpha: expectedRank,
      rankStabilized: false,
      rankPattern: {},
    });
    for (const module of modules) {
      expect(
        difference(
          weightedDelta(result, made.values, module, [{ name: "sum", weight: 1 }]),
          weightedDelta(adapters, values, module, parts),
        ),
        module,
      ).toBeLessThan(2e-6);
    }
    const table = ["lora_embedding_A", "lora_embedding_B"] as const;
    expect(
      difference(
        weightedDelta(result, made.values, "model.embed_tokens", [{ name: "sum", weight: 1 }], table),
        weightedDelta(adapters, values, "model.embed_tokens", parts, table),
      ),
    ).toBeLessThan(2e-6);
  });

  it("with svd of a smaller rank gives the nearest matrix of that rank", () => {
    const { adapters, values } = attached();
    const error = (rank: number): number => {
      const made = combineAdapters(adapters, values, { name: "sum", parts, combination: "svd", rank });
      const result = attachAdapters(model, [made]);
      const [wanted, found] = [
        weightedDelta(adapters, values, modules[0]!, parts),
        weightedDelta(result, made.values, modules[0]!, [{ name: "sum", weight: 1 }]),
      ];
      return Math.hypot(...wanted.map((value, index) => value - found[index]!));
    };
    const errors = [1, 2, 3, 4, 5, 6].map(error);
    for (const [index, value] of errors.slice(1).entries()) expect(value).toBeLessThan(errors[index]!);
    expect(errors.at(-1)).toBeLessThan(1e-5);
  });

  it("with linear adds factors, cross terms included, and keeps the rank", () => {
    const { adapters, values } = attached();
    const linear = [
      { name: "plain", weight: -2 },
      { name: "equal", weight: 0.5 },
    ];
    const made = combineAdapters(adapters, values, { name: "sum", parts: linear, combination: "linear" });
    const [module] = modules as [string];
    const roots = [Math.sqrt(2 * 3), Math.sqrt(0.5 * 0.5)] as const;
    const [first, second] = ["plain", "equal"].map((name) => values.get(`${name}/${module}.lora_A.weight`)!) as [
      Float32Array,
      Float32Array,
    ];
    const expected = first.map((value, index) => -roots[0] * value + roots[1] * second[index]!);
    expect(difference(made.values.get(`sum/${module}.lora_A.weight`)!, expected)).toBeLessThan(1e-6);
    expect(() => combineAdapters(adapters, values, { name: "sum", parts, combination: "linear" })).toThrow(
      /equal ranks/,
    );
  });

  it("of one adapter computes what that adapter computes, also rank-stabilised or spectral", async () => {
    const { adapters, values } = attached();
    const batch = batchOf(
      Int32Array.from([1, 2, 3, 4, 5, 6]),
      new Int32Array(6).fill(1),
      Int32Array.from([1, 2, 3, 4, 5, 6]),
      [2, 3],
    );
    const logits = async (
      attachedTo: Adapters,
      floats: ReadonlyMap<string, Float32Array>,
      name: string,
    ): Promise<Float64Array> => {
      const placed = await placeForInference(runtime, attachedTo.get(name), floats);
      const outputs = await interpret(runtime, batch, (trace) =>
        traceBatch(trace, model, batch, attachedTo.visitors(placed.placement, { active: [name] })),
      );
      placed.dispose();
      return outputs["logits"]!;
    };
    for (const name of ["plain", "stable", "spectral", "saving"]) {
      const wanted = await logits(adapters, values, name);
      for (const combination of ["cat", "svd"] as const) {
        const rank = combination === "svd" ? 4 : undefined;
        const made = combineAdapters(adapters, values, {
          name: "one",
          parts: [{ name, weight: 1 }],
          combination,
          rank,
        });
        expect(
          difference(await logits(attachAdapters(model, [made]), made.values, "one"), wanted),
          `${name} ${combination}`,
        ).toBeLessThan(1e-4);
      }
    }
  });

  it.each<[string, CombineOptions["parts"], string]>([
    ["nothing", [], "OPTIONS_INVALID"],
    ["an unknown adapter", [{ name: "none", weight: 1 }], "ID_UNKNOWN"],
    ["a weight that is no number", [{ name: "plain", weight: Number.NaN }], "OPTIONS_INVALID"],
    ["DoRA", [{ name: "dora", weight: 1 }], "CONFIG_INCOMPATIBLE"],
    [
      "two that save the same module",
      [
        { name: "saving", weight: 1 },
        { name: "alsoSaving", weight: 1 },
      ],
      "CONFIG_INCOMPATIBLE",
    ],
  ])("refuses %s", (_, wrong, code) => {
    const { adapters, values } = attached();
    expect(() => combineAdapters(adapters, values, { name: "sum", parts: wrong })).toThrow(
      expect.objectContaining({ code }),
    );
  });
});
