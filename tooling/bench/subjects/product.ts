// Matrix products by Attune's CPU backend, with WebAssembly alone or with a native library. Requests name the shape and layout.

import { createCpuBackend, enable256Bits } from "@attune/backend-cpu";
import { findNativeBlas } from "@attune/blas-native";
import {
  type Allocation,
  buildPlan,
  type Executable,
  linearOp,
  type OpDef,
  Trace,
  tensorType,
} from "@attune/tensor-core";
import { options, secondsOf, serve } from "./serve.ts";

interface Product {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly seconds: number;
}

const { threads, native } = options<{ threads: number; native: boolean }>();
enable256Bits();
const search = native ? await findNativeBlas() : undefined;
if (native && !search?.provider) throw new Error("No native BLAS was found.");
const backend = createCpuBackend({ threads, gemm: search?.provider });
const compiled = new Map<string, { executable: Executable; regions: Allocation[] }>();

async function compile({
  m,
  k,
  n,
  transposeA,
  transposeB,
}: Product): Promise<{ executable: Executable; regions: Allocation[] }> {
  const trace = new Trace();
  const a = trace.weight("a", tensorType(transposeA ? [k, m] : [m, k]));
  const b = trace.weight("b", tensorType(transposeB ? [n, k] : [k, n]));
  const attributes = { transposeA, transposeB, bias: false, residual: false, activation: "" };
  const [c] = trace.apply(linearOp as unknown as OpDef, [a, b], attributes);
  trace.update(trace.state("c", c!.type), c!);
  const plan = buildPlan(trace.finish(), { backend, kernels: backend.kernels });
  const executable = await backend.compile(plan);
  const regions = await Promise.all(plan.regions.map(({ role, bytes }) => backend.allocate(role, bytes)));
  const values = (count: number): Uint8Array =>
    new Uint8Array(Float32Array.from({ length: count }, (_, index) => ((index * 37) % 101) / 101 - 0.5).buffer);
  await backend.write(regions[0]!, 0, values(m * k));
  await backend.write(regions[1]!, 0, values(k * n));
  return { executable, regions };
}

await serve({ node: process.versions.node, features: [...backend.capabilities.features] }, async (request) => {
  const product = request as unknown as Product;
  const key = JSON.stringify(product);
  const { executable, regions } = compiled.get(key) ?? (await compile(product));
  compiled.set(key, { executable, regions });
  return { seconds: await secondsOf(() => executable.run(regions), product.seconds) };
});
await backend.dispose();
