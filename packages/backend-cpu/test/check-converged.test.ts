import {
  createRuntime,
  crossEntropy,
  gradients,
  linear,
  logSumExp,
  mean,
  mul,
  sub,
  tensorType,
} from "@attune/tensor-core";
import { describe, expect, it } from "vitest";
import { createCpuBackend } from "../src/index.ts";

/** Values that are the same on every machine. */
const values = (count: number, scale: number): Float32Array =>
  Float32Array.from({ length: count }, (_, index) => Math.sin(index * 12.9898) * scale);

describe("check of a plan whose values cancel", () => {
  it("finds nothing in a classifier that has learnt its data, at any of its steps", async () => {
    const runtime = createRuntime({ backend: createCpuBackend({ threads: 1 }) });
    const shapes = { w1: [16, 2], b1: [16], w2: [2, 16], b2: [2] };
    for (const [name, shape] of Object.entries(shapes)) {
      const count = shape.reduce((product, size) => product * size, 1);
      await runtime.states.allocate(name, count);
      await runtime.states.write(name, values(count, 0.5));
    }
    const step = await runtime.compile((trace) => {
      const [w1, b1, w2, b2] = Object.entries(shapes).map(([name, shape]) => trace.state(name, tensorType(shape)));
      const hidden = linear(trace.input("x", tensorType([64, 2])), w1!, { bias: b1!, activation: "gelu" });
      const logits = linear(hidden, w2!, { bias: b2! });
      const loss = mean(crossEntropy(logits, trace.input("y", tensorType([64], "i32")))[0]);
      const parameters = [w1!, b1!, w2!, b2!];
      gradients(loss, parameters).forEach((gradient, index) => {
        trace.update(parameters[index]!, sub(parameters[index]!, mul(gradient, 2)));
      });
      trace.output("loss", loss);
    });
    const x = values(128, 1);
    const y = Int32Array.from({ length: 64 }, (_, row) => (x[2 * row]! * x[2 * row + 1]! > 0 ? 1 : 0));
    let last = Number.POSITIVE_INFINITY;
    for (let index = 0; index < 600; index++) {
      last = (await step.run({ x, y }))["loss"]![0]!;
      if (index % 20 === 0) expect({ index, found: await step.check({ x, y }) }).toEqual({ index, found: undefined });
    }
    expect(last).toBeLessThan(0.02);
    await runtime.dispose();
  });

  it("finds nothing in sure predictions over a large vocabulary, wherever the logits lie", async () => {
    const runtime = createRuntime({ backend: createCpuBackend({ threads: 1 }) });
    const program = await runtime.compile((trace) => {
      const logits = trace.input("x", tensorType([4, 4096]));
      const [loss] = crossEntropy(logits, trace.input("y", tensorType([4], "i32")));
      trace.output("loss", loss);
      trace.output("total", logSumExp(logits));
    });
    for (const shift of [0, -8.3, 20, -30]) {
      const x = values(4 * 4096, 1).map((value, index) => value + shift + (index % 4096 === 3 ? 20 : 0));
      const inputs = { x, y: [3, 3, 3, 3] };
      expect((await program.run(inputs))["loss"]![0]).toBeLessThan(1e-4);
      expect({ shift, found: await program.check(inputs) }).toEqual({ shift, found: undefined });
    }
    await runtime.dispose();
  });
});
