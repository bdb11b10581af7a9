// Linear layers of 256 rows whose weight is stored in a format: Attune decodes it while it packs.
import { createCpuBackend, enable256Bits } from "@attune/backend-cpu";
import { byteRows, nibbleBlocks } from "@attune/tensor-conformance";
import {
  bfloat16,
  buildPlan,
  float16,
  float32,
  linear,
  type StorageFormat,
  Trace,
  tensorType,
} from "@attune/tensor-core";
import { options, secondsOf, serve } from "./serve.ts";

const { threads } = options<{ threads: number }>();
const [rows, inner, outer] = [256, 576, 1536];
enable256Bits();
const backend = createCpuBackend({ threads });
const formats: Readonly<Record<string, StorageFormat>> = {
  f32: float32,
  bf16: bfloat16,
  f16: float16,
  "8 bits": byteRows(inner),
  "4 bits": nibbleBlocks,
};
const values = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, index) => ((index * 37) % 101) / 101 - 0.5);

/** A layer between regions that stay where they are: nothing is copied in or out. */
async function compile(format: StorageFormat): Promise<() => unknown> {
  const trace = new Trace();
  const x = trace.weight("x", tensorType([rows, inner]));
  const y = linear(x, trace.weight("weight", tensorType([outer, inner], "f32", format)));
  trace.update(trace.state("y", y.type), y);
  const plan = buildPlan(trace.finish(), { backend, kernels: backend.kernels });
  const executable = await backend.compile(plan);
  const regions = await Promise.all(plan.regions.map(({ role, bytes }) => backend.allocate(role, bytes)));
  const operands = [
    float32.encode!(values(rows * inner), [rows, inner]),
    format.encode!(values(outer * inner), [outer, inner]),
  ].flat();
  for (const [index, bytes] of operands.entries()) await backend.write(regions[index]!, 0, bytes);
  return () => executable.run(regions);
}

const layers = new Map<string, () => unknown>();
for (const [name, format] of Object.entries(formats)) layers.set(name, await compile(format));
await serve({ node: process.versions.node }, async (request) => {
  const layer = layers.get(String(request["format"]));
  if (layer === undefined) return { skipped: "no such format" };
  return { seconds: await secondsOf(layer, Number(request["seconds"])) };
});
await backend.dispose();
