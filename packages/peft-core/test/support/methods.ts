import { oneOrMoreField, readFields, textField } from "@attune/spec";
import { add, mul, sum } from "@attune/tensor-core";
import {
  type AdapterMethod,
  defaultTargets,
  matchTargets,
  readTargetOptions,
  type TargetOptions,
} from "../../src/index.ts";

/** Adds a trained vector to the outputs of linear modules; the smallest method there is. */
export const shift: AdapterMethod<TargetOptions> = {
  kind: "adapter-method",
  specificationVersion: 1,
  id: "shift",
  about: "Adds a trained vector to each output.",
  defaults: { learningRate: 1e-3, weightDecay: 0, targets: () => ({ targets: ["q_proj"] }) },
  parse(options) {
    const reader = readFields(options, { what: "the method shift" });
    const parsed = readTargetOptions(reader);
    reader.finish();
    return parsed;
  },
  layout(options, model) {
    const targetModules = options.targetModules ?? defaultTargets(shift, model.family);
    const sites = matchTargets(model, { ...options, targetModules }, { method: "shift", kinds: ["linear"] });
    return { sites: sites.map((site) => ({ site, parameters: { shift: { shape: [site.outFeatures] } } })) };
  },
  forward: ({ parameters }, next) => add(next(), parameters["shift"]!),
  merge: ({ parameters, base }) =>
    base["bias"]
      ? { parameters: { bias: add(base["bias"], parameters["shift"]!) } }
      : { refused: "the module has no bias" },
  unmerge: ({ parameters, base }) => ({ parameters: { bias: add(base["bias"]!, mul(parameters["shift"]!, -1)) } }),
  peft: {
    type: "SHIFT",
    fixed: { window: 4 },
    write: ({ targetModules }, { family }) => ({ target_modules: targetModules ?? defaultTargets(shift, family) }),
    read: (config) => ({ targetModules: config.read("target_modules", oneOrMoreField(textField)) }),
  },
};

/**
 * Uses what `shift` leaves out: a frozen vector that all sites share, State that a hook writes, a penalty, first values made of
 * data, and a changed base.
 */
export const elaborate: AdapterMethod<TargetOptions> = {
  ...shift,
  id: "elaborate",
  peft: { ...shift.peft, type: "ELABORATE" },
  groups: () => [{ name: "slow", learningRateScale: 0.1, weightDecay: 0 }],
  layout(options, model) {
    const { sites } = shift.layout(options, model);
    return {
      shared: {
        direction: {
          shape: [sites[0]!.site.outFeatures],
          role: "frozen",
          initial: ({ random }) => Float32Array.from({ length: sites[0]!.site.outFeatures }, () => random.normal()),
        },
      },
      sites: sites.map(({ site }) => ({
        site,
        parameters: {
          amount: { shape: [1], group: "slow", initial: () => Float32Array.of(0.5) },
          momentum: { shape: [1], role: "state", key: null },
        },
      })),
    };
  },
  async initialise({ layout, model, base, inputs }) {
    const values = new Map<string, Float32Array>();
    const sites = layout.sites.map(({ site }) => site);
    for await (const batch of inputs(sites)) {
      for (const { kind, name } of sites) {
        const seen = batch.get(`${kind} ${name} `)!;
        values.set(`${name}.amount`, Float32Array.of(seen.reduce((total, value) => total + value, 0) / seen.length));
      }
    }
    const name = `model.layers.0.${model.sites.some(({ kind }) => kind === "norm") ? "input_layernorm" : "norm"}.weight`;
    return { values, base: new Map([[name, (await base(name)).map((value) => value + 1)]]) };
  },
  forward: ({ parameters, shared }, next) =>
    add(next(), mul(add(parameters["amount"]!, parameters["momentum"]!), shared["direction"]!)),
  lossTerms: ({ sites }) =>
    sites.map(({ site, parameters }) => ({
      name: site.name,
      value: sum(mul(parameters["amount"]!, parameters["amount"]!), { axes: [0], keepDims: true }),
      weight: 0.25,
    })),
  async beforeUpdate({ layout, step, steps, read, gradient, write }) {
    for (const { site } of layout.sites) {
      const [before] = await read(`${site.name}.momentum`);
      const [slope] = await gradient(`${site.name}.amount`);
      await write(`${site.name}.momentum`, Float32Array.of(before! + slope! + step / steps));
    }
  },
  virtualTokens: () => 3,
};
