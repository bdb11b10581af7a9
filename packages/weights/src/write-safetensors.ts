import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "@attune/run-folder";
import { AttuneError, sortKeys } from "@attune/spec";
import { safetensorsPieces, type TensorToWrite, tensorByteLength } from "./encode-safetensors.ts";

/**
 * Writes a safetensors file atomically: after a kill at any instant the path holds the old file or the new one.
 * Tensors are written one after the other, so functions as `data` keep memory at the size of the largest.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, safetensorsPieces(tensors, metadata));
}

/** How a set of tensors is divided into files. */
export interface ShardOptions {
  /** A file holds at most this many bytes of tensors, or a single larger tensor. Default 5 GB, as Transformers. */
  readonly maxShardBytes?: number | undefined;
  /** Start of the file names. Default `model`. */
  readonly baseName?: string | undefined;
  /** Free text fields of each header. Default `{ format: "pt" }`. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/**
 * Writes tensors as `model.safetensors`, or, where they do not fit in one file, as `model-00001-of-0000N.safetensors`
 * with `model.safetensors.index.json` written last. Returns the names of the files. Throws `OPTIONS_INVALID` for a
 * `maxShardBytes` of 0 or less.
 */
export async function writeShardedSafetensors(
  folder: string,
  tensors: readonly TensorToWrite[],
  options: ShardOptions = {},
): Promise<string[]> {
  const { maxShardBytes = 5e9, baseName = "model", metadata = { format: "pt" } } = options;
  if (!(maxShardBytes > 0)) {
    throw new AttuneError("OPTIONS_INVALID", `Expected maxShardBytes above 0, but received ${maxShardBytes}.`);
  }
  const shards = divide(tensors, maxShardBytes);
  if (shards.length === 1) {
    await writeSafetensors(join(folder, `${baseName}.safetensors`), tensors, metadata);
    return [`${baseName}.safetensors`];
  }
  const weightMap = new Map<string, string>();
  const files: string[] = [];
  for (const [index, shard] of shards.entries()) {
    const file = `${baseName}-${fiveDigits(index + 1)}-of-${fiveDigits(shards.length)}.safetensors`;
    await writeSafetensors(join(folder, file), shard, metadata);
    files.push(file);
    for (const { name } of shard) weightMap.set(name, file);
  }
  const totalSize = tensors.reduce((total, tensor) => total + tensorByteLength(tensor), 0);
  const index = { metadata: { total_size: totalSize }, weight_map: sortKeys(Object.fromEntries(weightMap)) };
  const indexFile = `${baseName}.safetensors.index.json`;
  await writeFileAtomic(join(folder, indexFile), `${JSON.stringify(index, null, 2)}\n`);
  return [...files, indexFile];
}

/** Fills shards in the given order, a new one whenever the next tensor would not fit. */
function divide(tensors: readonly TensorToWrite[], maxBytes: number): TensorToWrite[][] {
  const shards: TensorToWrite[][] = [[]];
  let bytes = 0;
  for (const tensor of tensors) {
    const length = tensorByteLength(tensor);
    if (bytes > 0 && bytes + length > maxBytes) {
      shards.push([]);
      bytes = 0;
    }
    shards.at(-1)!.push(tensor);
    bytes += length;
  }
  return shards;
}

function fiveDigits(value: number): string {
  return String(value).padStart(5, "0");
}
