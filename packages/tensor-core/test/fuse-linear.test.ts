// A plugin's kernel for a product need not have every epilogue: what it does not take stays an op of its own.
import { expect, it } from "vitest";
import { add, buildPlan, type KernelDef, linear, mul, type Signature, silu, Trace, tensorType } from "../src/index.ts";
import { createReferenceBackend } from "./reference-backend.ts";

function kernel(op: string, accepts: (signature: Signature) => boolean): KernelDef {
  return {
    kind: "kernel",
    specificationVersion: 1,
    id: op,
    op,
    backend: "reference",
    accepts: (signature) => (accepts(signature) ? 1 : undefined),
    lower: () => ({ backend: "cpu" }) as never,
  };
}

/** Ops and inputs of a product with bias, activation and residual. */
function planned(accepts: (signature: Signature) => boolean): string[] {
  const trace = new Trace();
  const input = (name: string, shape: readonly number[]) => trace.input(name, tensorType(shape));
  const options = { bias: input("bias", [4]), residual: input("residual", [3, 4]) };
  trace.output("y", silu(linear(input("x", [3, 2]), input("weight", [4, 2]), { bias: options.bias })));
  trace.output("z", linear(input("x2", [3, 2]), input("weight2", [4, 2]), options));
  const backend = { ...createReferenceBackend(), interprets: false };
  const kernels = [kernel("linear", accepts), kernel("pointwise", () => true)];
  return buildPlan(trace.finish(), { backend, kernels }).dispatches.map(
    ({ op, inputs, attributes }) => `${op.id} ${inputs.length} ${attributes["activation"] ?? ""}`,
  );
}

it("fuses what the kernel takes, and nothing else", () => {
  expect(planned(() => true).sort()).toEqual(["linear 3 silu", "linear 4 "]);
  expect(planned(({ attributes }) => attributes["activation"] === "").sort()).toEqual([
    "linear 3 ",
    "linear 4 ",
    "pointwise 1 ",
  ]);
  expect(planned(({ attributes }) => !attributes["residual"]).sort()).toEqual([
    "linear 3 ",
    "linear 3 silu",
    "pointwise 2 ",
  ]);
});

it("takes a constant factor as an activation, and a second addition into the product that the first one took", () => {
  const trace = new Trace();
  const input = (name: string, shape: readonly number[]) => trace.input(name, tensorType(shape));
  const x = input("x", [3, 2]);
  const low = mul(linear(x, input("a", [1, 2])), 0.5);
  const stream = input("stream", [3, 4]);
  trace.output("y", add(stream, add(linear(x, input("weight", [4, 2])), linear(low, input("b", [4, 1])))));
  const backend = { ...createReferenceBackend(), interprets: false };
  const { dispatches } = buildPlan(trace.finish(), {
    backend,
    kernels: [kernel("linear", () => true), kernel("pointwise", () => true)],
  });
  expect(
    dispatches.map(({ op, inputs, attributes }) => `${op.id} ${inputs.length} ${attributes["activation"]}`),
  ).toEqual(["linear 2 scale 0.5", "linear 3 ", "linear 3 "]);
});
