// A library outside WebAssembly that multiplies matrices on a CPU backend's own memory. Types only, so that a package lends one
// without depending on the backend.
import type { JsonValue } from "@attune/spec";

/**
 * C = op(A)·op(B), or C += op(A)·op(B) if `accumulate` is 1, for matrices of f32 that lie in one memory in row-major order. op(A) is
 * m x k and op(B) k x n; `transposeA` and `transposeB` are 1 where the matrix is stored transposed. Addresses are bytes from the
 * memory's start; `lda`, `ldb` and `ldc` are elements from a row to the next. It runs on the calling thread alone, and equal arguments
 * give equal bits.
 */
export type Gemm = (
  transposeA: number,
  transposeB: number,
  m: number,
  n: number,
  k: number,
  a: number,
  lda: number,
  b: number,
  ldb: number,
  accumulate: number,
  c: number,
  ldc: number,
) => void;

/** Exported as `openGemm` by a provider's module; called once on each thread, with what the provider's `options` hold. */
export type OpenGemm = (memory: WebAssembly.Memory, options: JsonValue) => Gemm;

/** A library that a CPU backend may use for its matrix products. */
export interface GemmProvider {
  /** Library, version and code path, such as `openblas-0.3.21-haswell`: a numerics class of its own, recorded in runs. */
  readonly id: string;
  /** URL of the module that each thread imports; it exports an `OpenGemm` named `openGemm`. */
  readonly module: string;
  /** Given to `openGemm`. */
  readonly options: JsonValue;
}
