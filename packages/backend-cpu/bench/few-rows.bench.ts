/**
 * Products of one to four rows, as in decoding, for every kind of storage format, beside the memory's own speed: a kernel that reads
 * the same bytes by the same threads and only adds them up. All are run in turn, so that other work on the machine falls on all alike.
 * Prints a table; with --json, one JSON line a row.
 *
 * node scripts/bootstrap.mjs bench:packages few-rows
 */
import { spawnSync } from "node:child_process";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { byteRows, nibbleBlocks } from "@attune/tensor-conformance";
import {
  bfloat16,
  buildPlan,
  float16,
  float32,
  type KernelDef,
  linearOp,
  type OpDef,
  type StorageFormat,
  Trace,
  tensorType,
} from "@attune/tensor-core";
import { address, type FunctionBuilder, f32x4, type Local, load } from "@attune/tensor-core/wasm";
import { createCpuBackend, enable256Bits } from "../src/index.ts";
import { cpuKernel } from "../src/kernels/define-kernel.ts";
import { kernelFunction, simpleCode } from "../src/kernels/kernel-function.ts";

/** Columns of a small model's matrices, and bytes that no cache holds. */
const columns = 576;
const storedBytes = 3 * 2 ** 24;
const formats: readonly StorageFormat[] = [float32, bfloat16, float16, byteRows(columns), nibbleBlocks];

/** Adds up `bytes` bytes, a multiple of 256, in eight chains. */
function emitRead(f: FunctionBuilder, from: Local<"address">, bytes: number, target: Local<"address">): void {
  const sums = Array.from({ length: 8 }, () => f.keep(f32x4.constant(0)));
  f.repeat(bytes / 256, () => {
    for (let vector = 0; vector < 16; vector++) {
      const sum = sums[vector % 8]!;
      f.set(sum, f32x4.add(sum, load("v128", from, 16 * vector)));
    }
    f.increment(from, 256);
  });
  for (const [index, sum] of sums.entries()) f.store("v128", target, sum, 16 * index);
}

/** In place of a product: reads the weights and does nothing with them. */
const readKernel: KernelDef = cpuKernel({
  op: "linear",
  variant: "read",
  accepts: () => 0.1,
  lower({ inputs }) {
    const { format, shape } = inputs[1]!;
    const { bytes } = format.components(shape)[0]!;
    const tileBytes = 2 ** 17;
    const tiles = Math.floor(bytes / tileBytes);
    return simpleCode(`read${tiles}`, tiles, (module) =>
      kernelFunction(module, "read", 3, (f, { bindings, tile, scratch }) => {
        emitRead(f, f.keep(address.at(bindings[1]!, tile, tileBytes)), tileBytes, scratch);
      }),
    );
  },
});

interface Subject {
  readonly name: string;
  readonly bytes: number;
  readonly flops: number;
  readonly run: () => Promise<void>;
}

const linear = linearOp as unknown as OpDef;
const attributes = { transposeA: false, transposeB: true, bias: false, residual: false, activation: "" };

type Backend = ReturnType<typeof createCpuBackend>;

/** A byte that is an ordinary number in every format. Memory that was never written is one page of zeros, which caches hold. */
const filling = 0x3c;

/** A product of m rows, compiled. */
async function prepare(backend: Backend, name: string, m: number, format: StorageFormat): Promise<Subject> {
  const rowBytes = format.components([32, columns]).reduce((sum, { bytes }) => sum + bytes, 0) / 32;
  const n = Math.floor(storedBytes / rowBytes / 16) * 16;
  const trace = new Trace();
  const operands = [
    trace.weight("x", tensorType([m, columns])),
    trace.weight("weight", tensorType([n, columns], "f32", format)),
  ];
  const [y] = trace.apply(linear, operands, attributes);
  trace.update(trace.state("y", y!.type), y!);
  const plan = buildPlan(trace.finish(), { backend, kernels: backend.kernels });
  const executable = await backend.compile(plan);
  const regions = await Promise.all(plan.regions.map(({ role, bytes }) => backend.allocate(role, bytes)));
  for (const region of regions) await backend.write(region, 0, new Uint8Array(region.bytes).fill(filling));
  return { name, bytes: n * rowBytes, flops: 2 * m * n * columns, run: () => executable.run(regions) };
}

async function measureAll(wide: boolean): Promise<void> {
  if (wide) enable256Bits();
  for (const threads of new Set([1, Math.min(2, availableParallelism())])) {
    for (const m of [1, 4]) {
      const backends = [
        createCpuBackend({ threads, wide }),
        createCpuBackend({ threads, wide, kernels: [readKernel] }),
      ];
      const subjects = [
        await prepare(backends[1]!, "memory, read only", m, float32),
        ...(await Promise.all(formats.map((format) => prepare(backends[0]!, format.id, m, format)))),
      ];
      const times = subjects.map(() => [] as number[]);
      for (let round = 0; round < 60; round++) {
        for (const [index, { run }] of subjects.entries()) {
          const start = performance.now();
          await run();
          if (round >= 3) times[index]!.push(performance.now() - start);
        }
      }
      const rates = times.map((list, index) => subjects[index]!.bytes / Math.min(...list) / 1e6);
      for (const [index, { name, bytes, flops }] of subjects.entries()) {
        print({
          bits: wide ? 256 : 128,
          threads,
          rows: m,
          name,
          rate: rates[index]!,
          share: rates[index]! / rates[0]!,
          flops: (flops / bytes) * rates[index]!,
        });
      }
      for (const backend of backends) await backend.dispose();
    }
  }
}

interface Row {
  readonly bits: number;
  readonly threads: number;
  readonly rows: number;
  readonly name: string;
  /** GB/s of stored bytes, its share of what reading alone reaches, and GFLOPS. */
  readonly rate: number;
  readonly share: number;
  readonly flops: number;
}

function print(row: Row): void {
  const text = `${row.bits} bits  ${row.threads} threads  ${row.rows} rows  ${row.name.padEnd(18)} ${row.rate.toFixed(1).padStart(6)} GB/s ${(100 * row.share).toFixed(0).padStart(4)} %  ${row.flops.toFixed(1).padStart(6)} GFLOPS`;
  process.stdout.write(`${process.argv.includes("--json") ? JSON.stringify(row) : text}\n`);
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
