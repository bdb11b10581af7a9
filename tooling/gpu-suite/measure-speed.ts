// Throughput of products, attention and plain copies, in turns within one process. Every row is a plan that writes State and reads
// nothing back; rounds of several runs end with a read of four bytes, which is the fence.
import {
  attention,
  type Backend,
  bfloat16,
  createRuntime,
  float32,
  linear,
  mul,
  operandsOfProducts,
  type Program,
  type Runtime,
  type StorageFormat,
  type Trace,
  tensorType,
} from "@attune/tensor-core";

/** One measured row; times are of one run, the median of the rounds, and a tenth and nine tenths of them. */
export interface SpeedRow {
  readonly name: string;
  readonly milliseconds: number;
  readonly spread: readonly [number, number];
  readonly tflops?: number;
  readonly gigabytesPerSecond?: number;
  /** Of the peak that the caller stated. */
  readonly share?: number;
}

interface Row {
  readonly name: string;
  readonly runtime: Runtime;
  readonly program: Program;
  readonly result: string;
  readonly flops: number;
  readonly bytes: number;
}

const rounds = 15;
/** Time that the runs of a round should take together. */
const roundMilliseconds = 60;

async function product(
  runtime: Runtime,
  name: string,
  [m, n, k]: readonly [number, number, number],
  format: StorageFormat = float32,
): Promise<Row> {
  const type = tensorType([n, k], "f32", format);
  await runtime.weights.set(`${name} weight`, type, new Float32Array(n * k).fill(0.01));
  await runtime.states.allocate(`${name} x`, m * k);
  await runtime.states.allocate(`${name} y`, m * n);
  const program = await runtime.compile((trace: Trace) => {
    const x = trace.state(`${name} x`, tensorType([m, k]));
    trace.update(trace.state(`${name} y`, tensorType([m, n])), linear(x, trace.weight(`${name} weight`, type)));
  });
  return { name, runtime, program, result: `${name} y`, flops: 2 * m * n * k, bytes: 0 };
}

async function attentionRow(runtime: Runtime): Promise<Row> {
  const [name, tokens, heads, size] = ["attention, 2048 causal tokens, 9 heads of 64", 2048, 9, 64] as const;
  const type = tensorType([1, tokens, heads, size]);
  for (const part of ["q", "k", "v", "o"]) await runtime.states.allocate(`attention ${part}`, tokens * heads * size);
  const program = await runtime.compile((trace: Trace) => {
    const [q, k, v, o] = ["q", "k", "v", "o"].map((part) => trace.state(`attention ${part}`, type));
    trace.update(o!, attention({ q: q!, k: k!, v: v! }, { causal: true }));
  });
  return { name, runtime, program, result: "attention o", flops: 2 * tokens * tokens * heads * size, bytes: 0 };
}

async function copyRow(runtime: Runtime): Promise<Row> {
  const count = 2 ** 25;
  for (const part of ["from", "to"]) await runtime.states.allocate(`copy ${part}`, count);
  const program = await runtime.compile((trace: Trace) => {
    const from = trace.state("copy from", tensorType([count]));
    trace.update(trace.state("copy to", tensorType([count])), mul(from, 2));
  });
  return { name: "copy", runtime, program, result: "copy to", flops: 0, bytes: 8 * count };
}

/** Milliseconds of one run, over as many as make a round. */
async function time({ program, runtime, result }: Row, runs: number): Promise<number> {
  const start = performance.now();
  for (let run = 0; run < runs; run++) await program.run();
  await runtime.states.read(result, 0, 1);
  return (performance.now() - start) / runs;
}

/** Measures all rows; those with f16 products where the device computes them. */
export async function measureSpeed(
  open: (products: "f32" | "f16") => Promise<Backend>,
  peakTflops: number | undefined,
  progress: (sentence: string) => void,
): Promise<SpeedRow[]> {
  const full = createRuntime({ backend: await open("f32") });
  const runtimes = [full];
  const rows = [
    await copyRow(full),
    await product(full, "1024 cubed", [1024, 1024, 1024]),
    await product(full, "4096 cubed", [4096, 4096, 4096]),
    await product(full, "4096 tokens, 576 to 1536", [4096, 1536, 576]),
    await product(full, "4096 tokens, 576 to 1536, weight in bf16", [4096, 1536, 576], bfloat16),
    await product(full, "one token, 4096 to 4096, weight in bf16", [1, 4096, 4096], bfloat16),
    await attentionRow(full),
  ];
  const half = createRuntime({ backend: await open("f16") });
  runtimes.push(half);
  if (operandsOfProducts(half.backend.capabilities) === "f16") {
    rows.push(await product(half, "4096 cubed, f16 products", [4096, 4096, 4096]));
    rows.push(await product(half, "4096 tokens, 576 to 1536, f16 products", [4096, 1536, 576]));
  }
  const counts: number[] = [];
  for (const row of rows) {
    progress(`speed: warming up ${row.name}`);
    await time(row, 1);
    counts.push(Math.max(1, Math.min(200, Math.round(roundMilliseconds / (await time(row, 2))))));
  }
  const times = rows.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, row] of rows.entries()) times[index]!.push(await time(row, counts[index]!));
  }
  for (const runtime of runtimes) await runtime.dispose();
  return rows.map(({ name, flops, bytes }, index) => {
    const sorted = times[index]!.sort((left, right) => left - right);
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))]!;
    const tflops = flops / at(0.5) / 1e9;
    return {
      name,
      milliseconds: at(0.5),
      spread: [at(0.1), at(0.9)] as const,
      ...(flops > 0 ? { tflops } : { gigabytesPerSecond: bytes / at(0.5) / 1e6 }),
      ...(flops > 0 && peakTflops !== undefined ? { share: tflops / peakTflops } : {}),
    };
  });
}
