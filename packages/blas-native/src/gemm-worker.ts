// What each thread of the CPU backend imports: cblas_sgemm on the backend's memory.
import type { Gemm, OpenGemm } from "@attune/tensor-core";
import koffi from "koffi";
import { openBlasLibrary } from "./blas-library.ts";

/** CBLAS_ORDER and CBLAS_TRANSPOSE of cblas.h. */
const [rowMajor, asIs, transposed] = [101, 111, 112];

/** Opens the library that `options` names by its path. The memory is shared, so it never moves, however it grows. */
export const openGemm: OpenGemm = (memory, options) => {
  const { sgemm } = openBlasLibrary((options as { readonly path: string }).path);
  const base = Number(koffi.address(new Uint8Array(memory.buffer)));
  const gemm: Gemm = (transposeA, transposeB, m, n, k, a, lda, b, ldb, accumulate, c, ldc) =>
    sgemm(
      rowMajor,
      transposeA ? transposed : asIs,
      transposeB ? transposed : asIs,
      m,
      n,
      k,
      1,
      base + a,
      lda,
      base + b,
      ldb,
      accumulate,
      base + c,
      ldc,
    );
  return gemm;
};
