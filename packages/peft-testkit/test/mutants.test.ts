import type { AdapterMethod } from "@attune/peft-core";
import { add, applyOp, defineOp, dropout, mul, stopGradient, type Tensor } from "@attune/tensor-core";
import { describe, expect, it } from "vitest";
import { type AdapterCase, testAdapterMethod } from "../src/index.ts";
import { outputScale, type ScaleOptions } from "./output-scale.ts";

const rightCase: AdapterCase = { name: "default", options: {}, unmerges: false };

/** Runs the checks of the suite that `wanted` names on a method; gives those that fail, with their messages. */
async function failures(method: AdapterMethod<ScaleOptions>, wanted: RegExp): Promise<Map<string, string>> {
  const tests: { name: string; body: () => Promise<void> }[] = [];
  testAdapterMethod(
    method,
    { describe: (_, body) => body(), it: (name, body) => tests.push({ name, body }) },
    { cases: [rightCase] },
  );
  const failed = new Map<string, string>();
  for (const { name, body } of tests.filter((test) => wanted.test(test.name))) {
    await body().catch((error: Error) => {
      failed.set(name, error.message);
    });
  }
  return failed;
}

const scaleOf = (parameters: Readonly<Record<string, Tensor>>): Tensor => parameters["output_scale"]!;
const changedLayout =
  (change: (declaration: object) => object): AdapterMethod<ScaleOptions>["layout"] =>
  (options, model) => {
    const { sites } = outputScale.layout(options, model);
    return {
      sites: sites.map(({ site, parameters }) => ({
        site,
        parameters: { output_scale: change(parameters["output_scale"]!) },
      })) as typeof sites,
    };
  };

let calls = 0;

/** An identity whose gradient is wrong. */
const wrongOp = defineOp({
  id: "test.wrongGradient",
  infer: ([x]) => [x!],
  vjp: ({ cotangents }) => [mul(cotangents[0]!, 2)],
  reference: ([x]) => [x!.slice()],
  cost: () => ({ flops: 0 }),
  samples: () => [],
});
const doubledGradient = (x: Tensor): Tensor => applyOp(wrongOp, [x], {})[0]!;

/** A mistake, and a check that must find it. */
const mutants: readonly [mistake: string, check: RegExp, method: Partial<AdapterMethod<ScaleOptions>>][] = [
  [
    "an identity that is not one",
    /at the start/,
    { forward: ({ parameters }, next) => mul(next(), add(scaleOf(parameters), 0.01)) },
  ],
  [
    "no gradient",
    /reaches every|finite differences|training steps/,
    { forward: ({ parameters }, next) => mul(next(), stopGradient(scaleOf(parameters))) },
  ],
  [
    "a gradient that is not the function's",
    /finite differences/,
    { forward: ({ parameters }, next) => mul(next(), doubledGradient(scaleOf(parameters))) },
  ],
  [
    "dropout outside training",
    /outside training/,
    {
      forward: ({ parameters, crossing }, next) =>
        mul(
          dropout(next(), crossing.trace.input("random", { ...crossing.x.type, ...wordType }), { rate: 0.1 }),
          scaleOf(parameters),
        ),
    },
  ],
  [
    "a merge that forgets the bias",
    /computes merged/,
    {
      merge: (given) => ({
        parameters: { weight: (outputScale.merge(given) as { parameters: { weight: never } }).parameters.weight },
      }),
    },
  ],
  ["a merge that is refused though it is promised", /computes merged/, { merge: () => ({ refused: "no" }) }],
  [
    "an unmerge that is offered though it is not promised",
    /taken out/,
    { unmerge: ({ base }) => ({ parameters: base }) },
  ],
  ["a file without the tensor", /saved/, { layout: changedLayout((declaration) => ({ ...declaration, key: null })) }],
  ["nothing trained", /counts/, { layout: changedLayout((declaration) => ({ ...declaration, role: "frozen" })) }],
  [
    "first values from elsewhere",
    /same seed/,
    {
      layout: changedLayout((declaration) => ({
        ...declaration,
        initial: () => new Float32Array((declaration as { shape: [number] }).shape[0]).fill(1 + calls++ * 2 ** -22),
      })),
    },
  ],
  ["options that are not checked", /does not have/, { parse: (options) => ({ start: 1, ...(options as object) }) }],
  [
    "options that change when parsed again",
    /parses what/,
    {
      parse: (options) => {
        const given = { start: 1, ...(options as object) };
        return { ...given, start: given.start * 2 };
      },
    },
  ],
  [
    "a configuration that forgets an option",
    /bytes|saved/,
    {
      peft: {
        ...outputScale.peft,
        read: (config) => {
          config.raw("target_modules");
          return { ...outputScale.peft.read(config), targetModules: ["q_proj"] };
        },
      },
    },
  ],
  [
    "a configuration that forgets how modules were chosen",
    /however they were chosen/,
    {
      peft: {
        ...outputScale.peft,
        write: (options, model) => ({ ...outputScale.peft.write(options, model), layers_to_transform: null }),
      },
    },
  ],
  [
    "modules to save that are only left out",
    /saved whole/,
    {
      layout: (options, model) => ({
        sites: outputScale.layout(options, model).sites.filter(({ parameters }) => "output_scale" in parameters),
      }),
    },
  ],
  [
    "a key that it does not read",
    /read back/,
    {
      peft: {
        ...outputScale.peft,
        write: (options, model) => ({ ...outputScale.peft.write(options, model), forgotten: null }),
      },
    },
  ],
  [
    "a trained parameter that its hook undoes",
    /training steps/,
    {
      beforeUpdate: async ({ layout, write }) => {
        for (const { site } of layout.sites)
          await write(`${site.name}.output_scale`, new Float32Array(site.outFeatures).fill(Number.NaN));
      },
    },
  ],
  ["an id that is no name", /is an adapter method/, { id: "Output Scale" }],
];
const wordType = { shape: [4], dtype: "u32" } as const;

describe("the suite", () => {
  it.each(mutants)("finds %s", async (_, check, change) => {
    expect((await failures({ ...outputScale, ...change }, check)).size).toBeGreaterThan(0);
  });

  it("finds a method that keeps something between calls", async () => {
    const calledBefore = new Map<string, number>();
    const method: AdapterMethod<ScaleOptions> = {
      ...outputScale,
      forward({ parameters, crossing }, next) {
        calledBefore.set(crossing.name, (calledBefore.get(crossing.name) ?? 0) + 1);
        return mul(next(), mul(scaleOf(parameters), 1 + (calledBefore.get(crossing.name)! % 2) * 1e-3));
      },
    };
    expect((await failures(method, /another adapter|bit for bit|row by row/)).size).toBeGreaterThan(0);
  });
});
