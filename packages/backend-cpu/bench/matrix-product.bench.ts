/**
 * Matrix products beside the peak that a loop of multiply-adds in registers reaches in the same process, at 128 and at 256 bits,
 * on one thread and on all. Prints a table; with --json, one JSON line a row. Nothing else should run on the machine.
 *
 * node scripts/bootstrap.mjs bench:packages matrix-product
 */
import { spawnSync } from "node:child_process";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import {
  bfloat16,
  buildPlan,
  float32,
  linearOp,
  type OpDef,
  type StorageFormat,
  Trace,
  tensorType,
} from "@attune/tensor-core";
import { multiplyAddPeak } from "../src/engine/chain-rates.ts";
import { createCpuBackend, enable256Bits } from "../src/index.ts";

interface Case {
  readonly name: string;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly format?: StorageFormat;
}

const cases: readonly Case[] = [
  ...[256, 512, 1024, 2048].map((size) => ({ name: `${size} cubed, A·B`, m: size, k: size, n: size })),
  { name: "1024 cubed, A·Bᵀ", m: 1024, k: 1024, n: 1024, transposeB: true },
  { name: "1024 cubed, Aᵀ·B", m: 1024, k: 1024, n: 1024, transposeA: true },
  { name: "1024 cubed, A·Bᵀ, B in bf16", m: 1024, k: 1024, n: 1024, transposeB: true, format: bfloat16 },
  { name: "4096 tokens, 256 to 768", m: 4096, k: 256, n: 768, transposeB: true },
  { name: "one token, 256 to 4096", m: 1, k: 256, n: 4096, transposeB: true },
];

/** Milliseconds of the fastest and the middle run, after warming up. */
async function measure(run: () => Promise<void>): Promise<{ best: number; median: number }> {
  for (const end = performance.now() + 400; performance.now() < end; ) await run();
  const times: number[] = [];
  for (const end = performance.now() + 600; performance.now() < end || times.length < 7; ) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  times.sort((left, right) => left - right);
  return { best: times[0]!, median: times[times.length >> 1]! };
}

async function measureCase(threads: number, wide: boolean, item: Case): Promise<{ best: number; median: number }> {
  const { m, k, n, transposeA = false, transposeB = false, format = float32 } = item;
  const backend = createCpuBackend({ threads, wide });
  const trace = new Trace();
  const a = trace.weight("a", tensorType(transposeA ? [k, m] : [m, k]));
  const b = trace.weight("b", tensorType(transposeB ? [n, k] : [k, n], "f32", format));
  const attributes = { transposeA, transposeB, bias: false, residual: false, activation: "" };
  const [c] = trace.apply(linearOp as unknown as OpDef, [a, b], attributes);
  trace.update(trace.state("c", c!.type), c!);
  const plan = buildPlan(trace.finish(), { backend, kernels: backend.kernels });
  const executable = await backend.compile(plan);
  const regions = await Promise.all(plan.regions.map(({ role, bytes }) => backend.allocate(role, bytes)));
  const values = (count: number): Float32Array =>
    Float32Array.from({ length: count }, (_, index) => ((index * 37) % 101) / 101 - 0.5);
  await backend.write(regions[0]!, 0, new Uint8Array(values(m * k).buffer));
  await backend.write(regions[1]!, 0, format.encode!(values(k * n), [k * n])[0]!);
  const times = await measure(() => executable.run(regions));
  await backend.dispose();
  return times;
}

async function measureAll(wide: boolean): Promise<void> {
  if (wide) enable256Bits();
  const peak = multiplyAddPeak();
  print({ bits: wide ? 256 : 128, threads: 1, name: "registers", best: peak, median: peak });
  for (const threads of new Set([1, availableParallelism()])) {
    for (const item of cases) {
      const { best, median } = await measureCase(threads, wide, item);
      const flops = 2 * item.m * item.k * item.n;
      print({
        bits: wide ? 256 : 128,
        threads,
        name: item.name,
        best: flops / best / 1e6,
        median: flops / median / 1e6,
        ofPeak: flops / best / 1e6 / peak / threads,
      });
    }
  }
}

interface Row {
  readonly bits: number;
  readonly threads: number;
  readonly name: string;
  /** GFLOPS. */
  readonly best: number;
  readonly median: number;
  readonly ofPeak?: number;
}

function print(row: Row): void {
  const rounded = Object.fromEntries(
    Object.entries(row).map(([key, value]) => [key, typeof value === "number" ? Math.round(value * 100) / 100 : value]),
  );
  const share = row.ofPeak === undefined ? "" : `  ${Math.round(100 * row.ofPeak)} % of peak`;
  const text = `${row.bits} bits  ${row.threads} thread${row.threads > 1 ? "s" : " "}  ${row.name.padEnd(30)} ${row.best.toFixed(1).padStart(6)} GFLOPS (median ${row.median.toFixed(1)})${share}`;
  process.stdout.write(`${process.argv.includes("--json") ? JSON.stringify(rounded) : text}\n`);
}

const width = process.argv.find((argument) => argument.startsWith("--bits="));
if (width) await measureAll(width === "--bits=256");
else {
  process.stderr.write(
    `${cpus()[0]?.model ?? "unknown CPU"}, Node ${process.versions.node}, V8 ${process.versions.v8}\n`,
  );
  // The flag is for the whole process, so each width is measured in one of its own.
  for (const bits of [128, 256]) {
    spawnSync(
      process.execPath,
      ["--conditions=@attune/source", fileURLToPath(import.meta.url), `--bits=${bits}`, ...process.argv.slice(2)],
      { stdio: "inherit" },
    );
  }
}
