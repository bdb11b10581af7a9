import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { interpretGraph, Trace, tensorType } from "@attune/tensor-core";
import { openSafetensors } from "@attune/weights";
import { beforeAll, describe, expect, it } from "vitest";
import { adamw, type Optimizer, sgd } from "../src/index.ts";

interface Case {
  readonly learning_rates: readonly number[];
  readonly betas?: readonly [number, number];
  readonly eps?: number;
  readonly weight_decay?: number;
  readonly momentum?: number;
  readonly dampening?: number;
  readonly nesterov?: boolean;
}
const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const casesOf = (name: string): [string, Case][] =>
  Object.entries((JSON.parse(readFileSync(fixture(`${name}.json`), "utf8")) as { cases: Record<string, Case> }).cases);

const makers: Record<string, (golden: Case) => Optimizer> = {
  adamw: ({ betas, eps, weight_decay }) =>
    adamw({ beta1: betas![0], beta2: betas![1], epsilon: eps, weightDecay: weight_decay }),
  sgd: ({ momentum, dampening, nesterov, weight_decay }) =>
    sgd({ momentum, dampening, nesterov, weightDecay: weight_decay }),
};

/** Runs an optimizer on the float64 interpreter. */
function createStepper(
  optimizer: Optimizer,
  size: number,
): (values: Float64Array[], table: readonly number[]) => Float64Array[] {
  const trace = new Trace();
  const type = tensorType([size]);
  const names = ["parameters", "gradient", ...optimizer.slots];
  const [parameters, gradient, ...slots] = names.map((name) => trace.input(name, type));
  const made = optimizer.update({
    parameters: parameters!,
    gradient: gradient!,
    slots,
    hyperparameters: trace.input("hyperparameters", tensorType([1, 8])),
    apply: trace.input("apply", tensorType([1])),
    segments: [{ start: 0, length: size, group: 0 }],
  });
  const outputs = [made.parameters, ...made.slots];
  return (values, table) => {
    const given: Record<string, Float64Array> = {
      hyperparameters: Float64Array.from(table),
      apply: Float64Array.of(1),
    };
    names.forEach((name, index) => {
      given[name] = values[index]!;
    });
    const results = interpretGraph(trace.finish(), (value) => given[(value.leaf as { name: string }).name]!);
    return outputs.map((output) => results.get(output.id)!);
  };
}

describe.each(["adamw", "sgd"])("%s", (name) => {
  let file: Awaited<ReturnType<typeof openSafetensors>>;
  beforeAll(async () => {
    file = await openSafetensors(fixture(`${name}.safetensors`));
  });
  const float64 = async (tensor: string): Promise<Float64Array> => {
    const bytes = await file.read(tensor);
    return new Float64Array(bytes.slice().buffer);
  };

  it.each(casesOf(name))("takes ten steps of PyTorch's: %s", async (key, golden) => {
    const optimizer = makers[name]!(golden);
    const start = Float64Array.from(await file.readFloat32(`${key}.start`));
    const gradients = await file.readFloat32(`${key}.gradients`);
    const after = await float64(`${key}.after`);
    const step = createStepper(optimizer, start.length);
    let values: Float64Array[] = [start, ...optimizer.slots.map(() => new Float64Array(start.length))];
    golden.learning_rates.forEach((rate, index) => {
      const gradient = Float64Array.from(gradients.subarray(index * start.length, (index + 1) * start.length));
      const table = optimizer.hyperparameters(rate, { name: "default", learningRateScale: 1 }, index);
      values = step([values[0]!, gradient, ...values.slice(1)], table);
      values[0]!.forEach((value, element) => {
        expect(value).toBeCloseTo(after[index * start.length + element]!, 11);
      });
    });
  });
});

describe("options", () => {
  it("are checked", () => {
    expect(() => adamw({ beta1: 1 })).toThrow(/beta1/);
    expect(() => sgd({ nesterov: true })).toThrow(/Nesterov/);
  });
});
