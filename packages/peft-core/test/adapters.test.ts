import { llama, readParameter } from "@attune/models";
import { gradients, type Trace, tensorType } from "@attune/tensor-core";
import { describe, expect, it } from "vitest";
import {
  type AdapterMethod,
  type AdapterRequest,
  attachAdapters,
  beforeUpdate,
  hasUpdateHook,
  initialiseAdapters,
  placeForInference,
  placeForTraining,
} from "../src/index.ts";
import { elaborate, shift } from "./support/methods.ts";
import { config, tinyModel } from "./support/tiny.ts";

const request = (name: string, method: AdapterMethod = shift, options: unknown = {}): AdapterRequest => ({
  name,
  method,
  options,
});
const data = () => [{ rows: 1, length: 4, ids: [1, 2, 3, 0], positions: [0, 1, 2, 3], documents: [0, 0, 0, -1] }];

describe("attachAdapters", () => {
  it("names parameters after adapter, module and tensor", () => {
    const adapters = attachAdapters({ family: llama, config }, [
      request("a"),
      request("b", elaborate, { targetModules: ["o_proj"] }),
    ]);
    expect(adapters.parameters.map(({ name, key, role, group }) => [name, key, role, group])).toEqual([
      [
        "a/model.layers.0.self_attn.q_proj.shift",
        "base_model.model.model.layers.0.self_attn.q_proj.shift",
        "trained",
        "default",
      ],
      [
        "a/model.layers.1.self_attn.q_proj.shift",
        "base_model.model.model.layers.1.self_attn.q_proj.shift",
        "trained",
        "default",
      ],
      ["b/direction", "base_model.direction", "frozen", "default"],
      [
        "b/model.layers.0.self_attn.o_proj.amount",
        "base_model.model.model.layers.0.self_attn.o_proj.amount",
        "trained",
        "b/slow",
      ],
      ["b/model.layers.0.self_attn.o_proj.momentum", undefined, "state", "default"],
      [
        "b/model.layers.1.self_attn.o_proj.amount",
        "base_model.model.model.layers.1.self_attn.o_proj.amount",
        "trained",
        "b/slow",
      ],
      ["b/model.layers.1.self_attn.o_proj.momentum", undefined, "state", "default"],
    ]);
    expect(adapters.groups).toEqual([
      { name: "default", learningRateScale: 1 },
      { name: "b/slow", learningRateScale: 0.1, weightDecay: 0 },
    ]);
    expect(adapters.counts().trainable).toBe(2 * 8 + 2);
    expect(adapters.virtualTokens()).toBe(3);
    expect(adapters.virtualTokens(["a"])).toBe(0);
    expect(hasUpdateHook(adapters)).toBe(true);
    expect(adapters.describe()[1]).toMatchObject({
      name: "b",
      method: "elaborate",
      modules: ["model.layers.0.self_attn.o_proj", "model.layers.1.self_attn.o_proj"],
    });
  });

  it("refuses names that are no folders, names used twice, and unknown ones", () => {
    const attach = (...names: string[]) =>
      attachAdapters(
        { family: llama, config },
        names.map((name) => request(name)),
      );
    for (const name of ["", "../a", "a/b", ".hidden", "a b"]) expect(() => attach(name), name).toThrow(/adapter name/);
    expect(() => attach("a", "a")).toThrow(/Two adapters/);
    expect(() => attach("a").get("b")).toThrow(expect.objectContaining({ code: "ID_UNKNOWN", hint: "Attached: a." }));
    expect(() => attach("a").visitors(new Map(), { active: ["b"] })).toThrow(/"b"/);
  });

  it.each<[string, Partial<AdapterMethod>, RegExp]>([
    ["a group that it does not have", { layout: layoutWith({ shape: [8], group: "fast" }) }, /group "fast"/],
    [
      "a replacement of another shape",
      { layout: layoutWith({ shape: [3], replaces: "bias" }) },
      /shape \[3\] in place of \[8\]/,
    ],
    ["a replacement of nothing", { layout: layoutWith({ shape: [8], replaces: "gain" }) }, /"gain"/],
  ])("finds a layout with %s", (_, change, message) => {
    expect(() =>
      attachAdapters({ family: llama, config }, [request("a", { ...shift, ...change } as AdapterMethod)]),
    ).toThrow(message);
  });
});

function layoutWith(declaration: object): AdapterMethod["layout"] {
  return (options, model) => ({
    sites: shift
      .layout(options as object, model)
      .sites.map(({ site }) => ({ site, parameters: { shift: declaration as never } })),
  });
}

describe("first values", () => {
  it("may come from data and change the base, which is put back bit for bit", async () => {
    const { runtime, model } = await tinyModel();
    const adapters = attachAdapters(model, [request("a", elaborate)]);
    const norm = "model.layers.0.input_layernorm.weight";
    const before = await readParameter(runtime, model, norm);
    const { values, changedBase, restoreBase } = await initialiseAdapters(runtime, model, adapters, { seed: 4, data });
    expect(changedBase).toEqual([norm]);
    expect(await readParameter(runtime, model, norm)).toEqual(before.map((value) => value + 1));
    await restoreBase();
    expect(await readParameter(runtime, model, norm)).toEqual(before);
    // The mean input of q_proj: the normed embeddings of the three tokens that are no padding.
    const table = await readParameter(runtime, model, "model.embed_tokens.weight");
    const normed = [1, 2, 3].flatMap((id) => {
      const row = [...table.subarray(id * 8, id * 8 + 8)];
      const root = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / 8 + 1e-6);
      return row.map((value) => value / root);
    });
    const mean = normed.reduce((sum, value) => sum + value, 0) / normed.length;
    expect(values.get("a/model.layers.0.self_attn.q_proj.amount")![0]).toBeCloseTo(mean, 5);
    expect(values.get("a/direction")).toEqual(
      (await initialiseAdapters(runtime, model, adapters, { seed: 4, data })).values.get("a/direction"),
    );
  });

  it("say when data is missing", async () => {
    const { runtime, model } = await tinyModel();
    const adapters = attachAdapters(model, [request("a", elaborate)]);
    await expect(initialiseAdapters(runtime, model, adapters, { seed: 4 })).rejects.toMatchObject({
      code: "DATA_EMPTY",
    });
    const uneven = () => [...data(), { rows: 1, length: 2, ids: [1, 2], positions: [0, 1], documents: [0, 0] }];
    await expect(initialiseAdapters(runtime, model, adapters, { seed: 4, data: uneven })).rejects.toMatchObject({
      code: "SHAPE_MISMATCH",
    });
  });
});

describe("placed adapters", () => {
  it("run hooks between backward and update, and keep what they write apart from what is trained", async () => {
    const { runtime, model } = await tinyModel();
    const adapters = attachAdapters(model, [request("a", elaborate)]);
    const { values } = await initialiseAdapters(runtime, model, adapters, { seed: 4, data });
    const ranges = adapters.trainable(values).map(({ name }, index) => ({ name, offset: 64 * index }));
    for (const region of ["parameters", "gradients"]) await runtime.states.allocate(region, 128);
    for (const { name, offset } of ranges) await runtime.states.write("parameters", values.get(name)!, offset);
    const before = runtime.memory();
    const placed = await placeForTraining(runtime, adapters, values, ranges);
    await runtime.states.write("gradients", Float32Array.of(0.25), 0);
    await beforeUpdate(runtime, adapters, placed.placement, { step: 1, steps: 4 });
    await beforeUpdate(runtime, adapters, placed.placement, { step: 2, steps: 4 });
    const read = await placed.read();
    expect(read.get("a/model.layers.0.self_attn.q_proj.momentum")).toEqual(Float32Array.of(0.25 + 0.25 + 0.25 + 0.5));
    expect(read.get("a/model.layers.1.self_attn.q_proj.momentum")).toEqual(Float32Array.of(0.75));
    expect(read.get("a/model.layers.1.self_attn.q_proj.amount")).toEqual(
      values.get("a/model.layers.1.self_attn.q_proj.amount"),
    );
    placed.dispose();
    expect(runtime.memory()).toEqual(before);
    await expect(placeForTraining(runtime, adapters, values, [])).rejects.toMatchObject({ code: "ID_UNKNOWN" });
    expect(runtime.memory()).toEqual(before);
  });

  it("add their terms to the loss", async () => {
    const { runtime, model } = await tinyModel();
    const adapters = attachAdapters(model, [request("a", elaborate)]);
    const { values } = await initialiseAdapters(runtime, model, adapters, { seed: 4, data });
    const placed = await placeForInference(runtime, adapters, values);
    const build = (trace: Trace): void => {
      const terms = adapters.lossTerms(trace, placed.placement);
      expect(terms.map(({ name, weight }) => [name, weight])).toEqual([
        ["a.model.layers.0.self_attn.q_proj", 0.25],
        ["a.model.layers.1.self_attn.q_proj", 0.25],
      ]);
      const name = "adapter:a/model.layers.0.self_attn.q_proj.amount";
      trace.output("slope", gradients(terms[0]!.value, [trace.weight(name, tensorType([1]))])[0]!);
    };
    const { slope } = await (await runtime.compile(build)).run();
    expect(slope![0]).toBeCloseTo(2 * values.get("a/model.layers.0.self_attn.q_proj.amount")![0]!, 6);
    expect(adapters.lossTerms({} as Trace, placed.placement, [])).toEqual([]);
  });

  it("need every value, in its shape", async () => {
    const { runtime, model } = await tinyModel();
    const adapters = attachAdapters(model, [request("a")]);
    const [first, second] = adapters.parameters.map(({ name }) => name);
    const before = runtime.memory();
    await expect(placeForInference(runtime, adapters, new Map([[first!, new Float32Array(8)]]))).rejects.toMatchObject({
      code: "ID_UNKNOWN",
    });
    const short = new Map([
      [first!, new Float32Array(8)],
      [second!, new Float32Array(7)],
    ]);
    await expect(placeForInference(runtime, adapters, short)).rejects.toMatchObject({ code: "SHAPE_MISMATCH" });
    expect(runtime.memory()).toEqual(before);
    expect(() =>
      runtime.plan(
        (trace) =>
          void adapters.visitors(new Map())[0]!(
            { ...adapters.sites.find(({ name }) => name.endsWith("q_proj")), trace } as never,
            () => undefined as never,
          ),
      ),
    ).toThrow(/not placed/);
  });
});
