/**
 * The logical element types that ops compute with. How the bytes of a tensor hold them is its storage format.
 * `f32` values may be stored as f32, bf16, f16, int8 rows, 4-bit blocks and so on.
 */
export type DType = "f32" | "i32" | "u32";

/** Bytes of one element when stored densely. */
export const dtypeBytes: Readonly<Record<DType, number>> = { f32: 4, i32: 4, u32: 4 };
