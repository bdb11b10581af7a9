// How fast register tiles are on this machine and engine, and whether they are right: each multiplies panels of small integers, whose
// sums are exact, until V8 has optimised it.
import { type AddressType, type MemoryImport, ModuleBuilder, type WasmFeatures } from "@attune/tensor-core/wasm";
import { freshName } from "../engine/fresh-name.ts";
import { untilOptimised } from "../engine/until-optimised.ts";
import { type TileSize, tileName } from "../kernels/product/tile-family.ts";
import { tileProduct } from "../kernels/product/tile-product.ts";

/** A tile, measured. */
export interface TileMeasurement {
  readonly tile: TileSize;
  /** GFLOPS of one core, panels in the level-1 cache. */
  readonly rate: number;
  /** Whether every element of C came out exactly. */
  readonly exact: boolean;
  /** Whether the engine had optimised its code before it was timed; the rate says nothing otherwise. */
  readonly optimised: boolean;
}

/** What code is measured. */
export interface MeasureTilesOptions {
  readonly relaxedSimd: boolean;
  /** Of the memory (default "i32"). V8 fuses vectors only at 32-bit addresses, so another tile may be the fastest at 64. */
  readonly addressType?: AddressType;
  /** Whether panels of B and tiles of C are in a memory of their own (default false). */
  readonly nearMemory?: boolean;
  /** Default 16. */
  readonly trials?: number;
}

const depth = 256;
/** Calls of one trial: some 20 microseconds. */
const calls = 24;

/**
 * Measures tiles in turn, so that other work on the machine falls on all alike; the best of `trials` counts. Takes about 4
 * milliseconds a tile.
 */
export function measureTiles(
  tiles: readonly TileSize[],
  { relaxedSimd, addressType = "i32", nearMemory = false, trials = 16 }: MeasureTilesOptions,
): TileMeasurement[] {
  const runs = compileTiles(tiles, { addressType, nearMemory, relaxedSimd });
  const optimised = untilOptimised(runs.map(({ run }) => run));
  const best = runs.map(() => Number.POSITIVE_INFINITY);
  for (let trial = 0; trial < trials; trial++) {
    for (const [index, { run }] of runs.entries()) {
      const start = performance.now();
      for (let call = 0; call < calls; call++) run();
      best[index] = Math.min(best[index]!, performance.now() - start);
    }
  }
  return tiles.map((tile, index) => ({
    tile,
    rate: (calls * 2 * tile.rows * 4 * tile.vectors * depth) / best[index]! / 1e6,
    exact: runs[index]!.isExact(),
    optimised: optimised[index]!,
  }));
}

interface TileRun {
  run(): void;
  isExact(): boolean;
}

function compileTiles(tiles: readonly TileSize[], features: Required<WasmFeatures>): TileRun[] {
  const { addressType, nearMemory } = features;
  const memory = smallMemory(addressType);
  const near = nearMemory ? smallMemory("i32") : memory;
  const imported = (name: string): MemoryImport => ({ module: "env", name, minPages: 2, maxPages: 2 });
  const module = new ModuleBuilder(features, imported("memory"), [], nearMemory ? imported("near") : undefined);
  const prefix = freshName();
  for (const { rows, vectors } of tiles) {
    const layout = {
      rows,
      vectors,
      rowOfA: 4 * depth,
      stepOfA: 4,
      stepOfB: 16 * vectors,
      memoryOfA: "address",
      first: true,
    } as const;
    module.export(tileProduct(module, layout), prefix + tileName({ rows, vectors }));
  }
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory, near } });
  const floats = new Float32Array(near.buffer);
  for (const { buffer } of [memory, near]) {
    const values = new Float32Array(buffer);
    for (let index = 0; index < panels / 4; index++) values[index] = ((index * 7) % 5) - 2;
  }
  return tiles.map((tile) => {
    const multiply = exports[prefix + tileName(tile)] as (...numbers: (number | bigint)[]) => void;
    const bigints = addressType === "i64" && !nearMemory;
    const nearAddress = (offset: number): number | bigint => (bigints ? BigInt(offset) : offset);
    const a = addressType === "i64" ? 0n : 0;
    const [b, c, rowOfC] = [nearAddress(panelOfB), nearAddress(panels), nearAddress(16 * tile.vectors)];
    const run = (): void => multiply(a, b!, c!, c!, depth, rowOfC!);
    return {
      run,
      isExact() {
        floats.fill(Number.NaN, panels / 4);
        run();
        return isProduct(floats, tile);
      },
    };
  });
}

function smallMemory(addressType: AddressType): WebAssembly.Memory {
  if (addressType === "i32") return new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
  const descriptor: object = { address: "i64", initial: 2n, maximum: 2n, shared: true };
  return new WebAssembly.Memory(descriptor as WebAssembly.MemoryDescriptor);
}

/** Bytes: A from 0, B behind it, and C behind both; the largest tile has 8 rows and 8 vectors. */
const panelOfB = 4 * 8 * depth;
const panels = panelOfB + 16 * 8 * depth;

function isProduct(floats: Float32Array, { rows, vectors }: TileSize): boolean {
  const columns = 4 * vectors;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let k = 0; k < depth; k++) sum += floats[row * depth + k]! * floats[panelOfB / 4 + k * columns + column]!;
      if (floats[panels / 4 + row * columns + column] !== sum) return false;
    }
  }
  return true;
}
