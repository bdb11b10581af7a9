import { setImmediate } from "node:timers/promises";
import { address, atomic, type FunctionBuilder, i32, type Local, load, ModuleBuilder } from "@attune/tensor-core/wasm";
import { afterEach, describe, expect, it } from "vitest";
import { createHeap } from "../src/memory/heap.ts";
import { createWorkerPool, type WorkerPool } from "../src/pool/worker-pool.ts";

const pools: WorkerPool[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
});

const maxPages = 64;

/**
 * A pool whose kernels are: 0 adds tile + 1 to word `tile` of the binding and counts itself in word 1000; 1 adds up 2 x 10^8 numbers;
 * 2 reads outside the memory.
 */
async function startPool(threads: number) {
  const heap = createHeap(maxPages);
  const pool = createWorkerPool({ threads, heap });
  pools.push(pool);
  const builder = new ModuleBuilder(
    { addressType: "i32", relaxedSimd: true },
    { module: "env", name: "memory", minPages: 1, maxPages },
  );
  const kernel = (
    name: string,
    body: (f: FunctionBuilder, parameters: Local<"address">, tile: Local<"i32">) => void,
  ): void => {
    const made = builder.function({ name, parameters: ["address", "i32"] }, body);
    builder.export(made, name);
  };
  kernel("k0", (f, parameters, tile) => {
    const base = f.keep(address.at(address.constant(0), load("i32", parameters), 1));
    const word = f.keep(address.at(base, tile, 4));
    f.store("i32", word, i32.add(load("i32", word), i32.add(tile, 1)));
    f.evaluate(atomic("add", address.add(base, 4000), 1));
  });
  kernel("k1", (f, parameters) => {
    const sum = f.local("i32");
    f.for(0, 200_000_000, 1, (index) => f.set(sum, i32.xor(i32.add(sum, index), 5)));
    f.store("i32", address.at(address.constant(0), load("i32", parameters), 1), sum);
  });
  kernel("k2", (f) => f.evaluate(load("i32", address.constant(2 ** 32 - 8))));
  pool.broadcast({ kind: "module", module: await WebAssembly.compile(builder.encode()) });
  const { offset } = heap.allocate(8192);
  const words = new Int32Array(heap.memory.buffer, offset, 2048);
  let programs = 0;
  const run = (...steps: readonly (readonly [kernel: number, first: number, last: number])[]): Promise<void> => {
    const flat = steps.flatMap(([number, first, last]) => [number, first, last, 0, 1]);
    const numbers = new Int32Array(new SharedArrayBuffer(4 * flat.length));
    numbers.set(flat);
    const addresses = new Float64Array(new SharedArrayBuffer(8));
    addresses[0] = offset;
    const id = programs++;
    pool.broadcast({ kind: "program", id, steps: numbers, addresses });
    return pool.run(
      { id, from: 0, to: steps.length, shared: 0 },
      Array.from({ length: threads }, () => ({ scratch: 0, near: 0 })),
    );
  };
  return { pool, words, run };
}

describe("worker pool", () => {
  it.each([1, 2, 5])("runs every tile of every step once, step after step, on %i threads", async (threads) => {
    const { words, run } = await startPool(threads);
    const rounds = 300;
    // Steps of one tile stand alone, in a row, and at the end.
    const several = Array.from({ length: rounds }, () => [0, 0, 40] as const);
    await run(
      ...several,
      [0, 40, 50],
      [0, 7, 8],
      [0, 40, 50],
      [0, 8, 9],
      [0, 8, 9],
      [0, 8, 9],
      [0, 40, 50],
      [0, 9, 10],
    );
    const extra = new Map([
      [7, 1],
      [8, 3],
      [9, 1],
    ]);
    const times = (tile: number): number => (tile < 40 ? rounds : tile < 50 ? 3 : 0) + (extra.get(tile) ?? 0);
    expect(Array.from(words.subarray(0, 51))).toEqual(
      Array.from({ length: 51 }, (_, tile) => times(tile) * (tile + 1)),
    );
    expect(words[1000]).toBe(40 * rounds + 35);
  });

  it("never blocks the main thread while it runs", async () => {
    const { run } = await startPool(2);
    let running = true;
    let turns = 0;
    const finished = run([1, 0, 2], [1, 0, 2]).then(() => {
      running = false;
    });
    while (running) {
      turns++;
      await setImmediate();
    }
    await finished;
    expect(turns).toBeGreaterThan(100);
  });

  it("says which kernel trapped, on any thread, and runs on", async () => {
    const { words, run } = await startPool(2);
    await expect(run([0, 0, 4], [2, 0, 8], [0, 0, 4])).rejects.toThrow(
      expect.objectContaining({
        code: "INTERNAL",
        message: expect.stringMatching(/memory access out of bounds \(kernel 2, step 1\)/),
      }),
    );
    expect(Array.from(words.subarray(0, 4))).toEqual([1, 2, 3, 4]);
    await expect(run([2, 0, 1], [0, 0, 1], [0, 0, 4])).rejects.toThrow("kernel 2, step 0");
    await run([0, 0, 4]);
    expect(Array.from(words.subarray(0, 4))).toEqual([2, 4, 6, 8]);
  });

  it("fails the run, and every later one, when a thread dies", async () => {
    const { pool, run } = await startPool(2);
    pool.broadcast({ kind: "module", module: {} as WebAssembly.Module });
    const dead = expect.objectContaining({
      code: "DEVICE_UNAVAILABLE",
      message: expect.stringMatching(/^Thread \d of the CPU backend died: .*WebAssembly/),
    });
    await expect(run([1, 0, 2])).rejects.toThrow(dead);
    await expect(pool.run({ id: 0, from: 0, to: 1, shared: 0 }, [])).rejects.toThrow(dead);
    expect(() => pool.broadcast({ kind: "drop", id: 0 })).toThrow(dead);
  });

  it("fails a run that is under way when it is closed", async () => {
    const { pool, run } = await startPool(2);
    const pending = run([1, 0, 4]);
    const failed = expect(pending).rejects.toThrow(expect.objectContaining({ code: "ABORTED" }));
    await pool.close();
    await failed;
  });
});
