// One block of SmolLM2-135M's size, forward and backward to all its weights and its input, on 512 tokens.
import { createCpuBackend, enable256Bits } from "@attune/backend-cpu";
import { findNativeBlas } from "@attune/blas-native";
import { forwardHidden, initialiseModel, modelScope } from "@attune/models";
import { createRuntime, gradients, mul, sum, tensorType } from "@attune/tensor-core";
import { options, secondsOf, serve } from "./serve.ts";

const { threads, native, config } = options<{ threads: number; native: boolean; config: Record<string, never> }>();
enable256Bits();
const search = native ? await findNativeBlas() : undefined;
if (native && !search?.provider) throw new Error("No native BLAS was found.");
const runtime = createRuntime({ backend: createCpuBackend({ threads, gemm: search?.provider }) });
const model = await initialiseModel(runtime, config, { seed: 1 });
const length = 512;
await runtime.states.allocate(
  "gradients",
  model.trained.reduce((sum, { length: count }) => sum + count, 0),
);
const program = await runtime.compile((trace) => {
  const block = (name: string) => trace.input(name, tensorType([1, length], "i32"));
  const hidden = forwardHidden(model, modelScope(trace, model), {
    ids: block("ids"),
    positions: block("positions"),
    documents: block("documents"),
  });
  const total = sum(mul(hidden, hidden), { axes: [0, 1, 2], keepDims: true });
  const parameters = model.trained.map(({ shape, offset }) => trace.state("parameters", tensorType(shape), offset));
  for (const [index, gradient] of gradients(total, parameters).entries()) {
    const { shape, offset } = model.trained[index]!;
    trace.update(trace.state("gradients", tensorType(shape), offset), gradient);
  }
});
const inputs = {
  ids: Int32Array.from({ length }, (_, index) => index % 64),
  positions: Int32Array.from({ length }, (_, index) => index),
  documents: new Int32Array(length),
};
await serve({ node: process.versions.node, dispatches: program.plan.dispatches.length }, async (request) => ({
  seconds: await secondsOf(() => program.run(inputs), Number(request["seconds"])),
}));
await runtime.dispose();
