// What `attune doctor` says of outcomes that this machine does not have.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { MeasuredBlas } from "@attune/recipe";
import { afterAll, describe, expect, test } from "vitest";
import { blasCheck } from "../src/machine/check-blas.ts";
import { checkGpu, variantCheck } from "../src/machine/check-gpu.ts";
import { checkTiles, tileCheck } from "../src/machine/check-tiles.ts";

const folder = mkdtempSync(join(tmpdir(), "attune-machine-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("the tiles of products", () => {
  const variant = { fusedMultiplyAdd: false, addressBits: 64 } as const;
  test("are told with class, width, rate and origin", () => {
    expect(tileCheck(variant, { tile: "2x4", rate: 53.4, settled: true, cached: true })).toEqual({
      id: "tile, unfused, 64-bit",
      status: "ok",
      value: { fusedMultiplyAdd: false, addressBits: 64, tile: "2x4", gflops: 53.4, cached: true },
      detail: "2x4, 53 GFLOPS a core; kept from an earlier start",
    });
  });

  test("have no rate where it could not be told", () => {
    const { value, detail } = tileCheck(variant, { tile: "2x4", rate: 3, settled: false, cached: false });
    expect(value).toMatchObject({ gflops: null });
    expect(detail).toBe("2x4, the machine is too busy to measure it; chosen now");
  });

  test("are one of each class that the engine can compute", () => {
    const ids = checkTiles({ wide: false, relaxedSimd: false }).map(({ id }) => id);
    expect(ids.filter((id) => !id.endsWith("64-bit"))).toEqual(["tile, unfused"]);
  });
});

describe("the native library", () => {
  const choice: MeasuredBlas = {
    provider: { id: "openblas-0.3.21-zen", module: "none", options: {} },
    files: [],
    named: false,
    installed: true,
    reason: "openblas-0.3.21-zen",
    failures: [],
    use: true,
    because: "it is 1.50 times as fast as WebAssembly, and 1.1 decides",
    rates: { native: 90, wasm: 60, tile: "6x4", settled: true },
    cached: true,
  };

  test("is told with the variable that chose its code, which may be why it is slow", () => {
    expect(blasCheck(choice, "Haswell").detail).toMatch(/; OPENBLAS_CORETYPE=Haswell chose its code$/);
    const other = { ...choice, provider: { id: "mkl-2024.0", module: "none", options: {} } };
    expect(blasCheck(other, "Haswell").detail).not.toContain("OPENBLAS");
  });

  test("is told with its rate beside WebAssembly's, and why it is used", () => {
    expect(blasCheck(choice, "")).toEqual({
      id: "native blas",
      status: "ok",
      value: {
        library: "openblas-0.3.21-zen",
        used: true,
        because: "it is 1.50 times as fast as WebAssembly, and 1.1 decides",
        native: 90,
        wasm: 60,
        tile: "6x4",
        cached: true,
        failures: [],
      },
      detail:
        "openblas-0.3.21-zen, used (it is 1.50 times as fast as WebAssembly, and 1.1 decides): 90 GFLOPS a thread, WebAssembly 60 with tile 6x4, as measured at an earlier start",
    });
  });

  test("is told with those that crashed before it", () => {
    const failures = [{ path: "libmkl_rt.so.2", reason: "it ended its process: signal SIGSEGV" }];
    const { value, detail } = blasCheck({ ...choice, use: false, cached: false, failures }, "");
    expect(value).toMatchObject({ used: false, cached: false, failures });
    expect(detail).toMatch(/, not used \(.*measured now; not libmkl_rt\.so\.2: it ended its process: signal SIGSEGV$/);
  });

  test("is told to be absent, and why", () => {
    const { provider: _, rates: __, ...rest } = choice;
    const because = "no native library has one of the usual names";
    expect(blasCheck({ ...rest, provider: undefined, use: false, because })).toEqual({
      id: "native blas",
      status: "absent",
      value: null,
      detail: "no native library has one of the usual names; WebAssembly multiplies",
    });
  });
});

describe("the shaders of a GPU", () => {
  test("are told with what the device denies and what a test refused", () => {
    const states = [
      { variant: "f16-products", usable: true },
      { variant: "subgroup-matrix:16x16x16", usable: false, reason: "3 elements came out wrong" },
      { variant: "subgroups", usable: false, reason: "the device has none" },
    ];
    expect(variantCheck(states)).toEqual({
      id: "gpu shaders",
      status: "slow",
      value: states,
      detail: "f16-products; no subgroup-matrix:16x16x16: 3 elements came out wrong; no subgroups: the device has none",
    });
    expect(variantCheck(states.slice(0, 1))).toMatchObject({ status: "ok", detail: "f16-products" });
    expect(variantCheck(states.slice(2))).toMatchObject({
      detail: "the plain ones alone; no subgroups: the device has none",
    });
  });

  /** What is said where the child process runs this program. */
  const said = (program: string) => {
    const file = join(mkdtempSync(join(folder, "worker-")), "worker.mjs");
    writeFileSync(
      file,
      `const task = process.argv[2]; const say = (line) => console.log(JSON.stringify(line)); ${program}`,
    );
    return checkGpu(pathToFileURL(file));
  };
  const found = { name: "acme", features: ["f16"], maxBufferBytes: 2 ** 30 };
  const describes = `if (task === "describe") say({ found: ${JSON.stringify(found)} });`;
  const gpu = { id: "gpu", status: "ok", value: found, detail: "acme, buffers up to 1.00 GiB, f16: --device webgpu" };

  test("are asked of a child process of their own", async () => {
    const states = [{ variant: "f16-products", usable: true }];
    expect(await said(`${describes} else say({ variants: ${JSON.stringify(states)} });`)).toEqual([
      gpu,
      { id: "gpu shaders", status: "ok", value: states, detail: "f16-products" },
    ]);
  });

  test.each([
    [
      "crashes",
      "else process.abort();",
      "Trying the GPU ended its process (signal SIGABRT): its driver may be broken.",
    ],
    ["fails", 'else say({ failed: "The device was lost." });', "The device was lost."],
    ["says something else", "else say({ found: {} });", "The GPU's process answered something else than it was asked."],
  ])("leave the GPU as it is where the child that tries them %s", async (_, program, detail) => {
    expect(await said(describes + program)).toEqual([gpu, { id: "gpu shaders", status: "slow", value: null, detail }]);
  });

  test.each([
    ["crashes", "process.abort();", "Opening the GPU ended its process (signal SIGABRT): its driver may be broken."],
    ["finds none", 'say({ failed: "WebGPU found no adapter." });', "WebGPU found no adapter."],
  ])("are not asked for where the child that opens the GPU %s", async (_, program, detail) => {
    expect(await said(program)).toEqual([{ id: "gpu", status: "absent", value: null, detail }]);
  });
});
