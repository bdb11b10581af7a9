// A plan of many dispatches that do next to nothing: what a replayed dispatch costs by itself.
import { createCpuBackend, enable256Bits } from "@attune/backend-cpu";
import { add, createRuntime, tensorType } from "@attune/tensor-core";
import { options, secondsOf, serve } from "./serve.ts";

const { threads, dispatches } = options<{ threads: number; dispatches: number }>();
enable256Bits();
const runtime = createRuntime({ backend: createCpuBackend({ threads }) });
const program = await runtime.compile(
  (trace) => {
    const step = trace.input("x", tensorType([64]));
    let value = step;
    for (let count = 0; count < dispatches; count++) value = add(value, step);
    trace.output("y", value);
  },
  { fuse: false },
);
const inputs = { x: new Float32Array(64).fill(1) };
await serve({ dispatches: program.plan.dispatches.length }, async (request) => ({
  seconds: (await secondsOf(() => program.run(inputs), Number(request["seconds"]))) / program.plan.dispatches.length,
}));
await runtime.dispose();
