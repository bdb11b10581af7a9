/**
 * What a small product costs called by itself, and as one dispatch of a plan of 20: the difference is the call, by messages to threads
 * that sleep. One plan after the other, in turn. Nothing else should run on the machine.
 *
 * node scripts/bootstrap.mjs bench:packages small-product
 */
import { availableParallelism, cpus } from "node:os";
import { type Backend, buildPlan, linearOp, type OpDef, Trace, tensorType } from "@attune/tensor-core";
import { createCpuBackend, enable256Bits } from "../src/index.ts";

const shapes = [
  { m: 256, k: 256, n: 256 },
  { m: 512, k: 576, n: 8 },
  { m: 512, k: 576, n: 192 },
] as const;
const many = 20;

/** A function that runs a plan of so many products A·Bᵀ, each with a B of its own. */
async function compile(backend: Backend, { m, k, n }: (typeof shapes)[number], count: number) {
  const trace = new Trace();
  const a = trace.weight("a", tensorType([m, k]));
  const attributes = { transposeA: false, transposeB: true, bias: false, residual: false, activation: "" };
  for (let index = 0; index < count; index++) {
    const b = trace.weight(`b${index}`, tensorType([n, k]));
    const [c] = trace.apply(linearOp as unknown as OpDef, [a, b], attributes);
    trace.update(trace.state(`c${index}`, c!.type), c!);
  }
  const plan = buildPlan(trace.finish(), { backend, kernels: backend.kernels });
  const executable = await backend.compile(plan);
  const regions = await Promise.all(plan.regions.map(({ role, bytes }) => backend.allocate(role, bytes)));
  return () => executable.run(regions);
}

const medianOf = (times: number[]): number => times.sort((left, right) => left - right)[times.length >> 1]!;

async function timed(run: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

enable256Bits();
process.stderr.write(`${cpus()[0]?.model ?? "unknown CPU"}, Node ${process.versions.node}\n`);
for (const threads of new Set([1, availableParallelism()])) {
  const backend = createCpuBackend({ threads });
  for (const shape of shapes) {
    const [alone, inPlan] = [await compile(backend, shape, 1), await compile(backend, shape, many)];
    const [calls, plans]: [number[], number[]] = [[], []];
    for (const end = performance.now() + 3000; performance.now() < end; ) {
      plans.push((await timed(inPlan)) / many);
      for (let call = 0; call < many; call++) calls.push(await timed(alone));
    }
    const [call, dispatch] = [calls, plans].map((times) => medianOf(times.slice(times.length >> 1))) as [
      number,
      number,
    ];
    const rate = (milliseconds: number): string =>
      `${(milliseconds * 1000).toFixed(0).padStart(4)} µs, ${((2 * shape.m * shape.k * shape.n) / milliseconds / 1e6).toFixed(0).padStart(3)} GFLOPS`;
    const name = `${shape.m} x ${shape.k} x ${shape.n}`.padEnd(15);
    process.stdout.write(
      `${threads} thread${threads > 1 ? "s" : " "}  ${name}  alone ${rate(call)}; in a plan ${rate(dispatch)}\n`,
    );
  }
  await backend.dispose();
}
