import { type ByteSource, byteSourceOf } from "./byte-source.ts";
import { readSafetensorsHeader } from "./safetensors-header.ts";
import { createTensorReader, type TensorReader } from "./tensor-reader.ts";

/** Opens the bytes of a safetensors file that is in memory; `name` stands in for the path in errors. */
export async function openSafetensorsBytes(bytes: Uint8Array, name = "safetensors bytes"): Promise<TensorReader> {
  return readSafetensors(byteSourceOf(bytes, name));
}

/** Reads the header of one file and gives its tensors; a header that is wrong closes the source. */
export async function readSafetensors(source: ByteSource): Promise<TensorReader> {
  try {
    const { tensors, metadata } = await readSafetensorsHeader(source);
    return createTensorReader(
      tensors.map((info) => ({ info, source })),
      metadata,
    );
  } catch (error) {
    await source.close();
    throw error;
  }
}
