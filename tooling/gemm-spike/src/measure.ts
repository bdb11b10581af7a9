/**
 * Prints GFLOPS of one core as one JSON line a row. Run: node src/measure.ts --memory=memory32 [--revectorize] [--sizes=512,1024]
 * The flag is set before the first compilation, as a program that opts in would do.
 */
import { setFlagsFromString } from "node:v8";
import { encodeModule, type FunctionBody, type MemoryKind } from "./encode.ts";
import { type Arithmetic, packedGemm, registerLoop, type Tile } from "./kernels.ts";

const option = (name: string, fallback: string): string =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3) ?? fallback;
const kind = option("memory", "memory32") as MemoryKind;
const arithmetic = option("arithmetic", "fma") as Arithmetic;
const revectorize = process.argv.includes("--revectorize");
const sizes = option("sizes", "").split(",").filter(Boolean).map(Number);
const tiles: Tile[] = option("tiles", "2x4,3x4,4x2,6x2,8x2,4x3,4x4,2x6,3x6,4x6,5x4,6x4,3x8,2x8")
  .split(",")
  .map((text) => {
    const [rows, vectors] = text.split("x").map(Number);
    return { rows: rows!, vectors: vectors! };
  });
if (revectorize) setFlagsFromString("--experimental-wasm-revectorize");

const pages = 512;
const [aBase, bBase, cBase] = kind === "several32" ? [4096, 4096, 4096] : [4096, 8 << 20, 20 << 20];
const memories = Array.from({ length: { memory32: 1, several32: 3, memory64: 1, near64: 2 }[kind] }, (_, index) =>
  kind === "memory64" || (kind === "near64" && index === 1)
    ? wideMemory()
    : new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }),
);
const view = (operand: 0 | 1 | 2): Float32Array =>
  new Float32Array(memories[kind === "several32" ? operand : kind === "near64" && operand === 0 ? 1 : 0]!.buffer);
const addressOfA = (value: number): number | bigint => (kind === "near64" ? BigInt(value) : address(value));
const address = (value: number): number | bigint => (kind === "memory64" ? BigInt(value) : value);

/** Node 22 needs --experimental-wasm-memory64 and spells the address type differently. */
function wideMemory(): WebAssembly.Memory {
  const descriptor: object =
    Number(process.versions.node.split(".")[0]) < 24
      ? { index: "i64", initial: pages, maximum: pages, shared: true }
      : { address: "i64", initial: BigInt(pages), maximum: BigInt(pages), shared: true };
  return new WebAssembly.Memory(descriptor as WebAssembly.MemoryDescriptor);
}

function instantiate(body: FunctionBody): (...values: Array<number | bigint>) => void {
  const imports = Object.fromEntries(memories.map((memory, index) => [`m${index}`, memory]));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(encodeModule(kind, pages, [body])), {
    env: imports,
  });
  return instance.exports["f0"] as (...values: Array<number | bigint>) => void;
}

/** Best and median of 25 timings of at least 2 ms each (9 where one run alone takes longer), after 60 ms of warm-up. */
function rate(run: () => void, flops: number): { best: number; median: number } {
  const once = (count: number): number => {
    const start = performance.now();
    for (let index = 0; index < count; index++) run();
    return (performance.now() - start) / count;
  };
  for (const end = performance.now() + 60; performance.now() < end; ) run();
  const count = Math.max(1, Math.ceil(2 / once(3)));
  const times = Array.from({ length: count > 1 ? 25 : 9 }, () => once(count)).sort((left, right) => left - right);
  return { best: flops / times[0]! / 1e6, median: flops / times[times.length >> 1]! / 1e6 };
}

function report(what: string, value: { best: number; median: number }): void {
  const round = (number: number): number => Math.round(number * 10) / 10;
  console.log(
    JSON.stringify({
      node: process.version,
      memory: kind,
      bits: revectorize ? 256 : 128,
      arithmetic,
      what,
      best: round(value.best),
      median: round(value.median),
    }),
  );
}

// One accumulator waits for itself: its rate is the clock divided by the latency of a multiply-add (4 cycles on Zen and Intel cores).
for (const count of [1, 8, 12, 24]) {
  const loop = instantiate(registerLoop(kind, arithmetic, count, 4));
  report(
    `registers ${count}`,
    rate(() => loop(address(cBase), 2000), 2000 * 4 * count * 8),
  );
}
for (const tile of tiles) {
  const gemm = instantiate(packedGemm(kind, arithmetic, tile));
  for (const operand of [0, 1] as const) view(operand).fill(0.5);
  const k = 256;
  report(
    `tile ${tile.rows}x${tile.vectors}`,
    rate(
      () => gemm(addressOfA(aBase), address(bBase), address(cBase), k, address(16 * tile.vectors), 1, 1),
      8 * tile.rows * tile.vectors * k,
    ),
  );
  for (const size of sizes)
    report(
      `gemm ${size} ${tile.rows}x${tile.vectors}`,
      rate(() => blocked(gemm, tile, size), 2 * size ** 3),
    );
}

/** Whole product over panels that are already packed, blocked so that a B panel stays in L1 and an A block in L2. */
function blocked(gemm: ReturnType<typeof instantiate>, { rows, vectors }: Tile, size: number): void {
  const [k, height] = [256, 128];
  const rowTiles = Math.floor(height / rows);
  const columnTiles = Math.floor(size / (4 * vectors));
  for (let depth = 0; depth < size; depth += k)
    for (let row = 0; row < Math.floor(size / rows); row += rowTiles) {
      const count = Math.min(rowTiles, Math.floor(size / rows) - row);
      gemm(
        addressOfA(aBase + 4 * (depth * size + row * rows * k)),
        address(bBase + 4 * depth * size),
        address(cBase + 4 * row * rows * size),
        k,
        address(4 * size),
        count,
        columnTiles,
      );
    }
}
