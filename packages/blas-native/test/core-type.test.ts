// A library that chooses old code for a processor that it does not know. One in C stands for OpenBLAS: it reads the variable when it is
// loaded, as OpenBLAS does, and says which code it took.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { betterCoreTypes, coreTypesOf } from "../src/core-type.ts";
import { openGemm } from "../src/gemm-worker.ts";
import { findNativeBlas } from "../src/index.ts";
import { compileLibrary, multiplying, signature } from "./compile-library.ts";

const folder = mkdtempSync(join(tmpdir(), "attune-core-type-"));
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => vi.stubEnv("OPENBLAS_CORETYPE", undefined));
afterEach(() => vi.unstubAllEnvs());

/** An OpenBLAS that takes what the variable names, if `knows` it, and otherwise `own`. */
const compile = (name: string, own: string, knows: string) =>
  compileLibrary(
    folder,
    name,
    `#include <stdlib.h>
    #include <string.h>
    static char core[64] = "${own}";
    __attribute__((constructor)) static void start(void) {
      const char *wanted = getenv("OPENBLAS_CORETYPE");
      if (wanted && strstr("${knows}", wanted)) strncpy(core, wanted, 63);
    }
    void openblas_set_num_threads(int n) {}
    const char *openblas_get_config(void) { return "OpenBLAS 9.8.7"; }
    const char *openblas_get_corename(void) { return core; }
    ${signature} { ${multiplying} }`,
  );
const unknowing = compile("unknowing", "Prescott", "Haswell SkylakeX");
const withoutAvx512 = compile("without-avx512", "Nehalem", "Haswell");
const knowing = compile("knowing", "Zen", "Haswell SkylakeX");
const avx2 =
  process.platform === "linux" && /^flags\s*:.*\bfma\b.*\bavx2\b/m.test(readFileSync("/proc/cpuinfo", "utf8"));
const here = unknowing && avx2 ? "" : " (skipped without Linux, AVX2 and a C compiler)";

describe("the code that an OpenBLAS is held to", () => {
  const flags = (names: string): ReadonlySet<string> => new Set(names.split(" "));

  it.each([
    ["sse2 avx2 fma avx512f avx512cd avx512bw avx512dq avx512vl", ["SkylakeX", "Haswell"]],
    ["sse2 avx2 fma avx512f avx512cd", ["Haswell"]],
    ["sse2 avx2 fma", ["Haswell"]],
    ["sse2 avx", []],
    ["", []],
  ])("on a processor with %s is %j", (names, types) => {
    expect(coreTypesOf(flags(names))).toEqual(types);
  });

  it.each([
    "openblas-0.3.21-haswell",
    "openblas-0.3.28-sapphirerapids",
    "openblas-0.3.30-zen",
    "mkl-2024.0",
    "blas-unknown",
  ])("is its own where it is %s", (id) => {
    expect(betterCoreTypes({ path: "", family: "blas", id })).toEqual([]);
  });

  it("is its own where the user chose it", () => {
    vi.stubEnv("OPENBLAS_CORETYPE", "Prescott");
    expect(betterCoreTypes({ path: "", family: "openblas", id: "openblas-0.3.21-prescott" })).toEqual([]);
  });
});

describe.skipIf(here)(`a library that does not know the processor${here}`, () => {
  it("is opened with better code, by all threads, and so again when it was kept", async () => {
    const cache = join(folder, "cache");
    const [best] = betterCoreTypes({ path: "", family: "openblas", id: "openblas-0.3.21-prescott" });
    const id = `openblas-9.8.7-${best!.toLowerCase()}`;
    const first = await findNativeBlas({ library: unknowing!, cache });
    expect(first).toMatchObject({ library: { family: "openblas", id }, provider: { id }, failures: [] });
    expect(await findNativeBlas({ library: unknowing!, cache })).toEqual(first);
    expect(process.env["OPENBLAS_CORETYPE"]).toBeUndefined();
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    new Float32Array(memory.buffer, 0, 2).set([3, 5]);
    const gemm = await openGemm(memory, first.provider!.options);
    gemm(0, 1, 1, 1, 1, 0, 1, 4, 1, 0, 8, 1);
    expect(new Float32Array(memory.buffer, 8, 1)[0]).toBe(15);
  });

  it("is opened with the best that it has", async () => {
    const { library } = await findNativeBlas({ library: withoutAvx512!, cache: false });
    expect(library!.id).toBe("openblas-9.8.7-haswell");
  });

  it("keeps its own code where it knows the processor, and the user's where one is set", async () => {
    expect((await findNativeBlas({ library: knowing!, cache: false })).library!.id).toBe("openblas-9.8.7-zen");
    vi.stubEnv("OPENBLAS_CORETYPE", "Prescott");
    expect((await findNativeBlas({ library: unknowing!, cache: false })).library!.id).toBe("openblas-9.8.7-prescott");
  });
});
