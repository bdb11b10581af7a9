// Small libraries in C that tests load.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** A shared library from C, undefined where there is no compiler. */
export function compileLibrary(folder: string, name: string, source: string): string | undefined {
  const [from, to] = [join(folder, `${name}.c`), join(folder, `${name}.so`)];
  writeFileSync(from, source);
  const { status } = spawnSync("cc", ["-shared", "-fPIC", "-o", to, from]);
  return status === 0 ? to : undefined;
}

/** How `cblas_sgemm` begins. */
export const signature =
  "void cblas_sgemm(int o, int x, int y, int m, int n, int k, float f, float *a, int p, float *b, int q, float g, float *c, int r)";

/** A body that multiplies A·Bᵀ. */
export const multiplying =
  "for (int i = 0; i < m; i++) for (int j = 0; j < n; j++) for (int l = 0; l < k; l++) c[i * r + j] += a[i * p + l] * b[j * q + l];";
