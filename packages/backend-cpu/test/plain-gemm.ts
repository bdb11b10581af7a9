// A provider of matrix products without a library: every element is one f32 chain over ascending k, as the WASM kernels' are but
// for fused multiply-adds. Threads import this file.
import type { Gemm } from "@attune/tensor-core";

export function openGemm(memory: WebAssembly.Memory): Gemm {
  return (transposeA, transposeB, m, n, k, a, lda, b, ldb, accumulate, c, ldc) => {
    const values = new Float32Array(memory.buffer);
    const at = (base: number, lead: number, row: number, column: number): number => base / 4 + row * lead + column;
    for (let row = 0; row < m; row++) {
      for (let column = 0; column < n; column++) {
        const target = at(c, ldc, row, column);
        let sum = accumulate ? values[target]! : 0;
        for (let index = 0; index < k; index++) {
          const left = values[transposeA ? at(a, lda, index, row) : at(a, lda, row, index)]!;
          const right = values[transposeB ? at(b, ldb, column, index) : at(b, ldb, index, column)]!;
          sum = Math.fround(sum + Math.fround(left * right));
        }
        values[target] = sum;
      }
    }
  };
}
