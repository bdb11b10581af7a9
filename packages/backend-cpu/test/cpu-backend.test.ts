import { buildPlan, linearOp, type OpDef, type Plan, Trace, tensorType } from "@attune/tensor-core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type CpuBackendOptions, cpuScratchBytes, createCpuBackend } from "../src/index.ts";
import { runOp } from "./run-kernel.ts";

const backends: ReturnType<typeof createCpuBackend>[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const backend of backends.splice(0)) await backend.dispose();
});
function create(options: CpuBackendOptions = {}): ReturnType<typeof createCpuBackend> {
  const backend = createCpuBackend({ threads: 1, wide: false, tileCache: false, ...options });
  backends.push(backend);
  return backend;
}

const linear = linearOp as unknown as OpDef;
const attributes = { transposeA: false, transposeB: true, bias: false, residual: false, activation: "" };

/** Refuses a memory of 32-bit addresses that may grow as far as they reach. */
function refuseNearMemory(): void {
  const { Memory } = WebAssembly;
  vi.spyOn(WebAssembly, "Memory").mockImplementation(function make(descriptor) {
    if (descriptor.maximum === 2 ** 16) throw new RangeError("WebAssembly.Memory(): could not allocate memory");
    return new Memory(descriptor);
  });
}

/** A plan of one product of [m, k] by [n, k]. */
function planProduct(
  backend: ReturnType<typeof createCpuBackend>,
  [m, k, n]: readonly [number, number, number],
  transposeA = false,
): Plan {
  const trace = new Trace();
  const x = trace.weight("x", tensorType(transposeA ? [k, m] : [m, k]));
  const operands = [x, trace.weight("weight", tensorType([n, k]))];
  const [y] = trace.apply(linear, operands, { ...attributes, transposeA });
  trace.update(trace.state("y", y!.type), y!);
  return buildPlan(trace.finish(), { backend, kernels: backend.kernels });
}

describe("createCpuBackend", () => {
  it.each([
    [{ threads: 0 }, /^Expected `threads` to be an integer from 1 to \d+, got 0\.$/],
    [{ threads: 1.5 }, /^Expected `threads` to be an integer from 1 to \d+, got 1\.5\.$/],
    [{ threads: 1_000_000 }, /^Expected `threads` to be an integer from 1 to \d+, got 1000000\.$/],
    [{ maxBytes: 2 ** 35 }, /^Expected `maxBytes` to be an integer from 1 to 17179869184, got 34359738368\.$/],
  ])("refuses %o", (options, message) => {
    expect(() => createCpuBackend(options)).toThrow(
      expect.objectContaining({ code: "OPTIONS_INVALID", message: expect.stringMatching(message) }),
    );
  });

  it("says so when an allocation does not fit, and goes on", async () => {
    const backend = create({ maxBytes: 1 << 20 });
    await expect(backend.allocate("arena", 1 << 21)).rejects.toThrow(
      expect.objectContaining({ code: "MEMORY_EXCEEDED", message: expect.stringContaining("may hold 1048576") }),
    );
    expect((await backend.allocate("arena", 1000)).bytes).toBe(1000);
  });

  it("refuses a plan of another backend", async () => {
    const backend = create();
    const plan = planProduct(backend, [2, 8, 3]);
    const foreign = {
      ...plan,
      backend: "other",
      dispatches: plan.dispatches.map(({ code: _, ...dispatch }) => dispatch),
    };
    await expect(backend.compile(foreign)).rejects.toThrow(
      expect.objectContaining({
        code: "DEVICE_UNAVAILABLE",
        message: expect.stringContaining('"other", whose op "linear"'),
      }),
    );
  });

  it("reads and writes ranges of an allocation", async () => {
    const backend = create();
    const allocation = await backend.allocate("state", 64);
    await backend.write(allocation, 8, Uint8Array.of(1, 2, 3));
    expect(Array.from(await backend.read(allocation, 6, 6))).toEqual([0, 0, 1, 2, 3, 0]);
  });

  it.each([
    ["where it may hold more", { wide: false }, () => {}],
    ["with near scratch", { wide: true }, () => {}],
    [
      "on an engine without modules of two memories",
      { wide: true },
      () => vi.spyOn(WebAssembly, "validate").mockReturnValue(false),
    ],
    ["where the system reserves no second memory", { wide: true }, refuseNearMemory],
  ])("runs on addresses above 4 GiB %s", async (where, options, prepare) => {
    prepare();
    const backend = create({ threads: 2, maxBytes: 2 ** 33, ...options });
    expect(backend.capabilities.features.has("simd256")).toBe(where === "with near scratch");
    await backend.allocate("weights", 2 ** 32 + 4096);
    const [m, k, n] = [9, 20, 6];
    const x = { type: tensorType([m, k]), values: Array.from({ length: m * k }, (_, index) => index % 7) };
    const weight = { type: tensorType([n, k]), values: Array.from({ length: n * k }, (_, index) => (index % 5) - 2) };
    const [y] = await runOp(backend, linear, attributes, [x, weight]);
    const expected = Array.from({ length: m * n }, (_, place) => {
      const [row, column] = [Math.floor(place / n), place % n];
      return Array.from({ length: k }).reduce<number>(
        (sum, _value, index) => sum + x.values[row * k + index]! * weight.values[column * k + index]!,
        0,
      );
    });
    expect(y).toEqual(expected);
  });
});

describe("numerics class", () => {
  it("names a multiply-add that rounds once, and its absence", async () => {
    expect(create({ fusedMultiplyAdd: false }).capabilities.features.has("fma")).toBe(false);
    // (1 + ε)(1 + ε) - 1 - 2ε by a product of k = 2: ε² if each step rounds once, else 0.
    const epsilon = 2 ** -13;
    for (const fusedMultiplyAdd of [true, false]) {
      const backend = create({ fusedMultiplyAdd });
      const x = {
        type: tensorType([8, 2]),
        values: Array.from({ length: 16 }, (_, index) => (index % 2 ? 1 + epsilon : 1)),
      };
      const weight = {
        type: tensorType([16, 2]),
        values: Array.from({ length: 32 }, (_, index) => (index % 2 ? 1 + epsilon : -1 - 2 * epsilon)),
      };
      const [y] = await runOp(backend, linear, attributes, [x, weight]);
      expect(y![0]).toBe(backend.capabilities.features.has("fma") ? epsilon ** 2 : 0);
    }
  });
});

describe("cpuScratchBytes", () => {
  it("counts the scratch of each thread, and once what all share", () => {
    const backend = create();
    const own = (threads: number, sizes: readonly [number, number, number], transposeA = false): number =>
      cpuScratchBytes(planProduct(backend, sizes, transposeA), threads);
    // A tile of 2 x 16, and one block of k of the 64 columns of B that a part of C has.
    const scratch = 4 * (2 * 16 + 256 * 64);
    expect(own(1, [64, 256, 128])).toBe(scratch);
    expect(own(3, [64, 256, 128])).toBe(3 * scratch);
    const shared = 4 * 64 * 256;
    expect(own(3, [64, 256, 128], true)).toBe(3 * scratch + shared);
  });
});
