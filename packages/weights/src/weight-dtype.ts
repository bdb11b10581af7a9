import { AttuneError } from "@attune/spec";

/** Element types of a safetensors file, by the name they have there. */
export type WeightDtype =
  | "BOOL"
  | "U8"
  | "I8"
  | "F8_E5M2"
  | "F8_E4M3"
  | "F8_E8M0"
  | "F8_E4M3FNUZ"
  | "F8_E5M2FNUZ"
  | "I16"
  | "U16"
  | "F16"
  | "BF16"
  | "I32"
  | "U32"
  | "F32"
  | "F64"
  | "I64"
  | "U64";

/** Bytes of one element; the order is the one in which safetensors sorts, smallest alignment first. */
const byteSizes: ReadonlyMap<string, number> = new Map<WeightDtype, number>([
  ["BOOL", 1],
  ["U8", 1],
  ["I8", 1],
  ["F8_E5M2", 1],
  ["F8_E4M3", 1],
  ["F8_E8M0", 1],
  ["F8_E4M3FNUZ", 1],
  ["F8_E5M2FNUZ", 1],
  ["I16", 2],
  ["U16", 2],
  ["F16", 2],
  ["BF16", 2],
  ["I32", 4],
  ["U32", 4],
  ["F32", 4],
  ["F64", 8],
  ["I64", 8],
  ["U64", 8],
]);

const ranks: ReadonlyMap<string, number> = new Map([...byteSizes.keys()].map((dtype, rank) => [dtype, rank]));

/** All element types that can be read and written. */
export const weightDtypes: readonly WeightDtype[] = [...byteSizes.keys()] as WeightDtype[];

/** Whether a name found in a file is an element type that can be read. */
export function isWeightDtype(name: unknown): name is WeightDtype {
  return typeof name === "string" && byteSizes.has(name);
}

/** Returns the bytes of one element. */
export function dtypeByteSize(dtype: WeightDtype): number {
  const size = byteSizes.get(dtype);
  if (size === undefined) {
    throw new AttuneError(
      "DTYPE_MISMATCH",
      `Expected one of ${weightDtypes.join(", ")}, but received ${String(dtype)}.`,
    );
  }
  return size;
}

/** Position of a type in the order of safetensors: larger elements come first in a file. */
export function dtypeRank(dtype: WeightDtype): number {
  return ranks.get(dtype) ?? -1;
}
