import { basename, dirname, join } from "node:path";
import { readJson } from "@attune/run-folder";
import { type AttuneError, isJsonObject } from "@attune/spec";
import type { ByteSource } from "./byte-source.ts";
import { corruptFile } from "./corrupt-file.ts";
import { openByteSource } from "./open-byte-source.ts";
import { readSafetensors } from "./read-safetensors.ts";
import { readSafetensorsHeader } from "./safetensors-header.ts";
import { createTensorReader, type LocatedTensor, type TensorReader } from "./tensor-reader.ts";

/**
 * Opens a `.safetensors` file, or the `.safetensors.index.json` of a sharded one with all its shards. Only headers are
 * read and checked now. Close the reader when done.
 *
 * Throws `FILE_NOT_FOUND`, `FILE_CORRUPT` (truncated, overlapping, duplicate, out of bounds, index and shards differ)
 * or `FILE_UNSUPPORTED` (unknown dtype).
 */
export async function openSafetensors(path: string): Promise<TensorReader> {
  return path.endsWith(".json") ? openShards(path) : readSafetensors(await openByteSource(path));
}

async function openShards(indexPath: string): Promise<TensorReader> {
  const shardOf = await readWeightMap(indexPath);
  const sources: ByteSource[] = [];
  try {
    const located: LocatedTensor[] = [];
    const metadata = new Map<string, string>();
    for (const shard of new Set(shardOf.values())) {
      const source = await openByteSource(join(dirname(indexPath), shard));
      sources.push(source);
      const header = await readSafetensorsHeader(source);
      for (const [key, value] of header.metadata) metadata.set(key, value);
      for (const info of header.tensors) {
        if (shardOf.get(info.name) !== shard) throw notAsIndexed(indexPath, shard, info.name, shardOf.get(info.name));
        located.push({ info, source });
      }
    }
    const found = new Set(located.map(({ info }) => info.name));
    for (const [name, shard] of shardOf) {
      if (!found.has(name)) {
        throw corruptFile(indexPath, `expected tensor "${name}" in ${shard}, but it is not there.`, { key: name });
      }
    }
    return createTensorReader(located, metadata);
  } catch (error) {
    await Promise.all(sources.map((source) => source.close()));
    throw error;
  }
}

function notAsIndexed(indexPath: string, shard: string, name: string, indexed: string | undefined): AttuneError {
  const elsewhere = indexed === undefined ? "does not name it" : `says it is in ${indexed}`;
  return corruptFile(indexPath, `found tensor "${name}" in ${shard}, but the index ${elsewhere}.`, { key: name });
}

/** Reads `weight_map`; a shard must be a plain file name, so that no index can reach outside its folder. */
async function readWeightMap(indexPath: string): Promise<ReadonlyMap<string, string>> {
  const index = await readJson(indexPath);
  const weightMap = isJsonObject(index) ? index["weight_map"] : undefined;
  if (!isJsonObject(weightMap)) {
    throw corruptFile(indexPath, 'expected an object "weight_map" of tensor names and files, but there is none.');
  }
  const entries = Object.entries(weightMap);
  for (const [name, shard] of entries) {
    if (typeof shard !== "string" || !isPlainFileName(shard)) {
      throw corruptFile(
        indexPath,
        `expected the name of a .safetensors file in the same folder for tensor "${name}", but found ${JSON.stringify(shard)}.`,
        { key: name },
        "An index that points elsewhere may be hostile; do not use it.",
      );
    }
  }
  return new Map(entries as [string, string][]);
}

function isPlainFileName(name: string): boolean {
  return name.endsWith(".safetensors") && basename(name) === name && !/[\\/:\0]/.test(name);
}
