import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { findNativeBlas } from "../src/index.ts";
import { libraryNames } from "../src/library-names.ts";
import { compileLibrary, multiplying, signature } from "./compile-library.ts";
import { openblas, withoutOpenblas } from "./system-blas.ts";

const folder = mkdtempSync(join(tmpdir(), "attune-blas-"));
afterAll(() => rmSync(folder, { recursive: true }));

const compile = (name: string, source: string) => compileLibrary(folder, name, source);
const compiled = {
  crashing: compile(
    "crashing",
    `${signature} {} __attribute__((constructor)) static void start(void) { *(volatile int *)0 = 1; }`,
  ),
  crashingLater: compile("later", `${signature} { *(volatile int *)0 = 1; }`),
  wrong: compile("wrong", `${signature} { c[0] = 7; }`),
  hanging: compile("hanging", `${signature} { for (volatile int i = 1; i;) {} }`),
  chattering: compile(
    "chattering",
    `#include <stdio.h>\n${signature} { puts("{}\\nnull\\nhello"); fflush(stdout); ${multiplying} }`,
  ),
  another: compile("another", "int answer(void) { return 42; }"),
};
const withoutCompiler = compiled.another ? "" : " (skipped without a C compiler)";

describe("findNativeBlas", () => {
  it.skipIf(withoutOpenblas)(`finds OpenBLAS, its version and code path${withoutOpenblas}`, () => {
    expect(openblas.library).toMatchObject({ path: "libopenblas.so.0", family: "openblas" });
    expect(openblas.library!.id).toMatch(/^openblas-\d+\.\d+\.\d+-\w+$/);
    expect(openblas.provider).toMatchObject({ id: openblas.library!.id, options: { path: "libopenblas.so.0" } });
    expect(openblas.failures).toEqual([]);
  });

  it.skipIf(withoutOpenblas)(
    `finds one among the usual names, after those that are not there${withoutOpenblas}`,
    async () => {
      const { library, failures } = await findNativeBlas({ cache: false });
      expect(libraryNames(process.platform)).toContain(library!.path);
      for (const { reason } of failures) expect(reason).toMatch(/cannot open shared object/);
    },
  );

  it("says of a library that is not there what the loader says", async () => {
    const { library, provider, failures } = await findNativeBlas({ cache: false, library: join(folder, "absent.so") });
    expect([library, provider]).toEqual([undefined, undefined]);
    expect(failures).toEqual([
      { path: join(folder, "absent.so"), reason: expect.stringMatching(/cannot open|not found|No such/i) },
    ]);
  });

  it("refuses a file that is no library", async () => {
    const path = join(folder, "truncated.so");
    writeFileSync(path, Buffer.from("7f454c4602010100", "hex"));
    const { provider, failures } = await findNativeBlas({ cache: false, library: path });
    expect(provider).toBeUndefined();
    expect(failures).toEqual([{ path, reason: expect.stringMatching(/too short|truncated|not a/i) }]);
  });

  it.skipIf(withoutCompiler).each([
    ["crashes when it is loaded", "crashing", /ended its process: signal SIGSEGV/],
    ["crashes when it multiplies", "crashingLater", /ended its process: signal SIGSEGV/],
    ["multiplies wrongly", "wrong", /\d+ elements of a test product came out wrong/],
    ["never answers", "hanging", /ended its process: no answer within 3000 ms/],
    ["is no BLAS", "another", /cblas_sgemm/],
  ] as const)(`survives a library that %s${withoutCompiler}`, async (_what, name, reason) => {
    const path = compiled[name]!;
    const { library, provider, failures } = await findNativeBlas({ cache: false, library: path, timeout: 3000 });
    expect([library, provider]).toEqual([undefined, undefined]);
    expect(failures).toEqual([{ path, reason: expect.stringMatching(reason) }]);
  });

  it.skipIf(withoutCompiler)(`takes any library with cblas_sgemm, whatever it prints${withoutCompiler}`, async () => {
    const { library, failures } = await findNativeBlas({ cache: false, library: compiled.chattering! });
    expect(failures).toEqual([]);
    expect(library).toEqual({ path: compiled.chattering!, family: "blas", id: "blas-unknown" });
  });
});
