import { AttuneError } from "@attune/spec";
import { dtypeByteSize, dtypeRank, type WeightDtype } from "./weight-dtype.ts";

/** A tensor to be stored. Its bytes may be given as they are, or by a function that is called when they are written. */
export interface TensorToWrite {
  readonly name: string;
  readonly dtype: WeightDtype;
  /** Extents, outermost first. */
  readonly shape: readonly number[];
  /** Little-endian bytes of all elements, row-major. */
  readonly data: ArrayBufferView | (() => ArrayBufferView | Promise<ArrayBufferView>);
}

/** Returns the bytes that a tensor of this type and shape takes. */
export function tensorByteLength(tensor: Pick<TensorToWrite, "dtype" | "shape">): number {
  return tensor.shape.reduce((product, extent) => product * extent, dtypeByteSize(tensor.dtype));
}

/**
 * Lays out a safetensors file: the bytes of length and header, and the tensors in the order their data follows
 * (larger element types first, then by name, as the reference implementation sorts, so that all data is aligned).
 * Throws `INPUT_INVALID` for two tensors of one name and for sizes that are no sizes.
 */
function layoutSafetensors(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = {},
): { readonly header: Uint8Array; readonly ordered: readonly TensorToWrite[]; readonly byteLength: number } {
  const ordered = [...tensors].sort(
    (left, right) => dtypeRank(right.dtype) - dtypeRank(left.dtype) || compareText(left.name, right.name),
  );
  const names = new Set<string>();
  const fields: string[] = [];
  if (Object.keys(metadata).length > 0) fields.push(`"__metadata__":${JSON.stringify(metadata)}`);
  let end = 0;
  for (const tensor of ordered) {
    checkTensor(tensor, names);
    const begin = end;
    end += tensorByteLength(tensor);
    const entry = { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [begin, end] };
    fields.push(`${JSON.stringify(tensor.name)}:${JSON.stringify(entry)}`);
  }
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const length = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + length).fill(0x20, 8);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  return { header, ordered, byteLength: header.length + end };
}

/** Yields the pieces of a safetensors file one after the other; a tensor's data function is called when its turn comes. */
export async function* safetensorsPieces(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = {},
): AsyncGenerator<Uint8Array> {
  const { header, ordered } = layoutSafetensors(tensors, metadata);
  yield header;
  for (const tensor of ordered) {
    const bytes = bytesOf(tensor, typeof tensor.data === "function" ? await tensor.data() : tensor.data);
    if (bytes.length > 0) yield bytes;
  }
}

/**
 * Returns a whole safetensors file as bytes. Throws `INPUT_INVALID` for a name that cannot be stored or comes twice, and `SHAPE_MISMATCH`
 * for bytes that are not those of the shape.
 */
export async function encodeSafetensors(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<Uint8Array> {
  const file = new Uint8Array(layoutSafetensors(tensors, metadata).byteLength);
  let position = 0;
  for await (const piece of safetensorsPieces(tensors, metadata)) {
    file.set(piece, position);
    position += piece.length;
  }
  return file;
}

function bytesOf(tensor: TensorToWrite, data: ArrayBufferView): Uint8Array {
  const expected = tensorByteLength(tensor);
  if (data.byteLength !== expected) {
    throw new AttuneError(
      "SHAPE_MISMATCH",
      `Expected ${expected} bytes for tensor "${tensor.name}" (${tensor.dtype} [${tensor.shape.join(", ")}]), but received ${data.byteLength}.`,
      { details: { key: tensor.name } },
    );
  }
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function checkTensor({ name, shape }: TensorToWrite, names: Set<string>): void {
  const fail = (problem: string) => new AttuneError("INPUT_INVALID", problem, { details: { key: name } });
  if (name === "__metadata__" || /\p{Surrogate}/u.test(name)) {
    throw fail(`Expected a tensor name that can be stored, but received ${JSON.stringify(name)}.`);
  }
  if (names.has(name)) throw fail(`Expected each tensor name once, but "${name}" was given twice.`);
  if (shape.some((extent) => !Number.isSafeInteger(extent) || extent < 0)) {
    throw fail(`Expected sizes in the shape of "${name}", but received [${shape.join(", ")}].`);
  }
  names.add(name);
}

/** Orders by code points, as Rust and Python compare strings. */
function compareText(left: string, right: string): number {
  if (left === right) return 0;
  for (let index = 0; index < left.length && index < right.length; index++) {
    const difference = left.codePointAt(index)! - right.codePointAt(index)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
