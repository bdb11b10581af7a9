// Linear layers of 256 rows whose weight is stored in a format: Attune decodes it while it packs.
import { createCpuBackend, enable256Bits } from "@attune/backend-cpu";
import { bfloat16, createRuntime, float16, float32, linear, type StorageFormat, tensorType } from "@attune/tensor-core";
import { options, secondsOf, serve } from "./serve.ts";

const { threads } = options<{ threads: number }>();
const [rows, inner, outer] = [256, 576, 1536];
enable256Bits();
const runtime = createRuntime({ backend: createCpuBackend({ threads }) });
const formats: Readonly<Record<string, StorageFormat>> = { f32: float32, bf16: bfloat16, f16: float16 };
const values = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, index) => ((index * 37) % 101) / 101 - 0.5);
const programs = new Map(
  await Promise.all(
    Object.entries(formats).map(async ([name, format]) => {
      await runtime.weights.set(name, tensorType([outer, inner], "f32", format), values(outer * inner));
      const program = await runtime.compile((trace) => {
        const weight = trace.weight(name, tensorType([outer, inner], "f32", format));
        trace.output("y", linear(trace.input("x", tensorType([rows, inner])), weight));
      });
      return [name, program] as const;
    }),
  ),
);
const inputs = { x: values(rows * inner) };
await serve({ node: process.versions.node }, async (request) => {
  const program = programs.get(String(request["format"]));
  if (program === undefined) return { skipped: "no such format" };
  return { seconds: await secondsOf(() => program.run(inputs), Number(request["seconds"])) };
});
await runtime.dispose();
