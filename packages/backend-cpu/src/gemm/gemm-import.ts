// How kernels call a native library's matrix product: as a function that their module imports.
import type { Gemm } from "@attune/tensor-core";
import type { AddressType, FunctionImport } from "@attune/tensor-core/wasm";

/** A `Gemm` as WebAssembly sees it. */
export const gemmImport: FunctionImport<
  readonly ["i32", "i32", "i32", "i32", "i32", "address", "i32", "address", "i32", "i32", "address", "i32"]
> = {
  module: "env",
  name: "gemm",
  parameters: ["i32", "i32", "i32", "i32", "i32", "address", "i32", "address", "i32", "i32", "address", "i32"],
};

type Address = number | bigint;

/** The function to import. Addresses of a 32-bit memory arrive signed, those of a 64-bit one as bigints. */
export function importedGemm(gemm: Gemm, addressType: AddressType): (...values: Address[]) => void {
  const place = addressType === "i64" ? Number : (address: Address) => (address as number) >>> 0;
  return (transposeA, transposeB, m, n, k, a, lda, b, ldb, accumulate, c, ldc) =>
    gemm(
      transposeA as number,
      transposeB as number,
      m as number,
      n as number,
      k as number,
      place(a!),
      lda as number,
      place(b!),
      ldb as number,
      accumulate as number,
      place(c!),
      ldc as number,
    );
}
