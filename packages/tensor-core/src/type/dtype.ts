import { AttuneError, describeValue } from "@attune/spec";

/**
 * The logical element types that ops compute with. How the bytes of a tensor hold them is its storage format.
 * `f32` values may be stored as f32, bf16, f16, int8 rows, 4-bit blocks and so on.
 */
export type DType = "f32" | "i32" | "u32";

/** Bytes of one element when stored densely. */
export const dtypeBytes: Readonly<Record<DType, number>> = { f32: 4, i32: 4, u32: 4 };

/** Throws `DTYPE_MISMATCH` for a dtype that there is not. */
export function assertDtype(dtype: DType): void {
  if (Object.hasOwn(dtypeBytes, dtype)) return;
  throw new AttuneError(
    "DTYPE_MISMATCH",
    `Expected a dtype of ${Object.keys(dtypeBytes).join(", ")}, but received ${describeValue(dtype)}.`,
    { hint: "Narrower values, such as bf16, are a storage format: tensorType(shape, dtype, format)." },
  );
}
