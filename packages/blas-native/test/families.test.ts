// Libraries that the tests do not install: small ones in C export what each of them is known by, and remember how they were asked to
// compute.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import koffi from "koffi";
import { afterAll, describe, expect, it } from "vitest";
import { openBlasLibrary } from "../src/blas-library.ts";
import { compileLibrary, multiplying, signature } from "./compile-library.ts";

const folder = mkdtempSync(join(tmpdir(), "attune-families-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A library with these functions, which keep the number of threads in `asked`. */
const compile = (name: string, functions: string): string | undefined =>
  compileLibrary(
    folder,
    name,
    `#include <stdint.h>
    #include <string.h>
    static int asked = 0;
    int threads_asked(void) { return asked; }
    ${functions}
    ${signature} { ${multiplying} }`,
  );

const libraries = [
  {
    family: "mkl",
    id: "mkl-2024.0.1",
    path: compile(
      "mkl",
      `void MKL_Set_Num_Threads(int n) { asked = n; }
      void MKL_Get_Version_String(char *to, int length) {
        strncpy(to, "Intel(R) oneAPI Math Kernel Library Version 2024.0.1-Product Build for Intel(R) 64", length);
      }`,
    ),
  },
  {
    family: "blis",
    id: "blis-0.9.0-zen3",
    path: compile(
      "blis",
      `void bli_thread_set_num_threads(int64_t n) { asked = n; }
      const char *bli_info_get_version_str(void) { return "0.9.0"; }
      int bli_arch_query_id(void) { return 7; }
      const char *bli_arch_string(int id) { return id == 7 ? "zen3" : "generic"; }`,
    ),
  },
  {
    family: "openblas",
    id: "openblas-0.3.30-zen",
    path: compile(
      "openblas",
      `void openblas_set_num_threads(int n) { asked = n; }
      const char *openblas_get_config(void) { return "OpenBLAS 0.3.30 NO_LAPACKE DYNAMIC_ARCH"; }
      const char *openblas_get_corename(void) { return "Zen"; }`,
    ),
  },
  {
    family: "accelerate",
    id: expect.stringMatching(/^accelerate-\d/),
    path: compile("accelerate", "int BLASSetThreading(int mode) { asked = mode; return 0; }"),
  },
];
const without = libraries[0]!.path ? "" : " (skipped without a C compiler)";

describe.skipIf(without)(`a library is known by what it exports${without}`, () => {
  it.each(libraries)("$family, and computes on the thread that calls it", ({ family, id, path }) => {
    const { library, sgemm } = openBlasLibrary(path!);
    expect(library).toEqual({ path, family, id });
    expect(koffi.load(path!).func("int threads_asked()")()).toBe(1);
    const values = new Float32Array([3, 5, 0]);
    const address = Number(koffi.address(values));
    sgemm(101, 111, 112, 1, 1, 1, 1, address, 1, address + 4, 1, 0, address + 8, 1);
    expect(values[2]).toBe(15);
  });

  it("a BLAS without marks is used as it is", () => {
    const path = compile("plain", "");
    expect(openBlasLibrary(path!).library).toEqual({ path, family: "blas", id: "blas-unknown" });
  });
});
