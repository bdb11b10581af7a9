// x·Wᵀ + s·(x·Aᵀ)·Bᵀ becomes x·(W + s·B·A)ᵀ where that is less work: the same values and gradients, with fewer products over rows.
import { expect, it } from "vitest";
import {
  add,
  bfloat16,
  type CompileOptions,
  createRandomSequence,
  createRuntime,
  elementCount,
  gradients,
  linear,
  mul,
  type Plan,
  type StorageFormat,
  silu,
  sum,
  type Tensor,
  type Trace,
  tensorType,
} from "../src/index.ts";
import { createReferenceBackend } from "./reference-backend.ts";

interface Sizes {
  readonly rows: number;
  readonly rank: number;
  readonly scale: number;
  readonly format?: StorageFormat;
  readonly recompute?: boolean;
  readonly backward?: boolean;
}

const width = 32;
const wide = 48;

/** Two adapted modules that share their input, the second on the stream it adds to, and the gradients of everything adapted. */
function build(trace: Trace, { rows, rank, scale, format, recompute = false, backward = true }: Sizes): void {
  const parameter = (name: string, shape: readonly number[]): Tensor => trace.state(name, tensorType(shape));
  const adapted = (name: string, x: Tensor, features: number, bias: boolean): Tensor => {
    const weight = trace.weight(name, tensorType([features, x.shape.at(-1)!], "f32", format));
    const [A, B] = [parameter(`${name}.A`, [rank, x.shape.at(-1)!]), parameter(`${name}.B`, [features, rank])];
    const base = linear(x, weight, bias ? { bias: trace.weight(`${name}.bias`, tensorType([features])) } : {});
    return add(base, linear(mul(linear(x, A), scale), B));
  };
  const x = mul(parameter("x", [2, rows / 2, width]), 1);
  const block = (): Tensor => {
    const gated = mul(silu(adapted("gate", x, wide, true)), adapted("up", x, wide, false));
    return add(x, adapted("down", gated, width, false));
  };
  const y = recompute ? trace.recomputed(block) : block();
  trace.output("y", y);
  if (!backward) return;
  const names = ["gate", "up", "down"].flatMap((name) => [`${name}.A`, `${name}.B`]);
  const shapes = names.map((name) => {
    const [features, inputs] = name.startsWith("down") ? [width, wide] : [wide, width];
    return name.endsWith("A") ? [rank, inputs] : [features, rank];
  });
  const wanted = [parameter("x", [2, rows / 2, width]), ...names.map((name, index) => parameter(name, shapes[index]!))];
  for (const [index, made] of gradients(sum(mul(y, y)), wanted).entries()) trace.output(`gradient ${index}`, made);
}

const runtime = () => createRuntime({ backend: createReferenceBackend() });

/** Products that read all rows. */
const products = (plan: Plan): number =>
  plan.dispatches.filter(({ op, outputs }) => op.id === "linear" && outputs[0]!.shape.length === 3).length;

const planned = (sizes: Sizes, options?: CompileOptions): Plan =>
  runtime().plan((trace) => build(trace, sizes), options);

async function outputsOf(sizes: Sizes, options: CompileOptions): Promise<Record<string, ArrayLike<number>>> {
  const { weights, states, ...rest } = runtime();
  const program = await rest.compile((trace) => build(trace, sizes), options);
  for (const { role, name, bytes } of program.plan.regions) {
    const random = createRandomSequence(3, name);
    const values = Float32Array.from({ length: bytes / 4 }, () => 0.2 * random.normal());
    if (role === "weights") {
      const leaf = program.plan.graph.values.find(
        (value) => value.leaf?.kind === "weight" && value.leaf.name === name,
      )!;
      await weights.set(name, leaf.type, values.subarray(0, elementCount(leaf.type.shape)));
    } else if (role === "state") {
      await states.allocate(name, values.length);
      await states.write(name, values);
    }
  }
  return program.run();
}

const many: Sizes = { rows: 512, rank: 16, scale: 2 };

it("leaves the products of x with A and of dy with B, and one with the sum of weights each way", () => {
  // Of three modules: base and B forward, base and A backward, x·Aᵀ and dy·B.
  expect(products(planned(many, { fuse: false }))).toBe(3 * 6);
  expect(products(planned(many))).toBe(3 * 4);
  expect(products(planned({ ...many, scale: 1 }))).toBe(3 * 4);
});

it("makes each sum of weights once, or once more where blocks are computed again", () => {
  const sums = (plan: Plan): number =>
    plan.dispatches.filter(
      ({ op, outputs, attributes }) =>
        op.id === "linear" && outputs[0]!.shape.length === 2 && !attributes["transposeA"],
    ).length;
  expect(sums(planned(many))).toBe(3);
  expect(sums(planned({ ...many, recompute: true }))).toBe(6);
});

it.each([
  ["few rows", { ...many, rows: 16 }],
  ["a tiny rank", { ...many, rank: 1 }],
  ["a weight that is not f32", { ...many, format: bfloat16 }],
])("leaves everything as it is with %s", (_, sizes) => {
  expect(products(planned(sizes))).toBe(3 * 6);
});

it("leaves a plan without a backward pass as it is", () => {
  expect(products(planned({ ...many, backward: false }))).toBe(3 * 3);
});

it.each([1, 0.5])("gives the same values and gradients up to rounding, with scale %f", async (scale) => {
  const sizes = { ...many, scale };
  const merged = await outputsOf(sizes, {});
  const apart = await outputsOf(sizes, { fuse: false });
  expect(Object.keys(merged)).toHaveLength(8);
  for (const [name, values] of Object.entries(merged)) {
    // The reference computes in float64 and rounds each value that is stored: a dozen on the way, each of a sum of at most 512 terms.
    const largest = Array.from(apart[name]!).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const bound = 12 * Math.sqrt(512) * 2 ** -24 * largest;
    for (let index = 0; index < values.length; index++)
      expect(Math.abs(values[index]! - apart[name]![index]!), `${name} ${index}`).toBeLessThan(bound);
  }
});
