/**
 * The header of a safetensors file: u64 little-endian length N, N bytes of JSON, then the tensors' bytes.
 * Format and limits as in the reference implementation (huggingface/safetensors, safetensors/src/tensor.rs):
 * N at most 100,000,000, JSON begins with "{", tensors cover the rest of the file without overlap or hole.
 */
import type { JsonObject, JsonValue } from "@attune/spec";
import { AttuneError, isJsonObject } from "@attune/spec";
import type { ByteSource } from "./byte-source.ts";
import { corruptFile } from "./corrupt-file.ts";
import { findDuplicateKey } from "./duplicate-key.ts";
import { dtypeByteSize, isWeightDtype, type WeightDtype, weightDtypes } from "./weight-dtype.ts";

/** Where a tensor is and what it holds. */
export interface TensorInfo {
  /** Its name in the file. */
  readonly name: string;
  /** Element type as stored. */
  readonly dtype: WeightDtype;
  /** Extents, outermost first; empty for a scalar. */
  readonly shape: readonly number[];
  /** Path of the file that holds it. */
  readonly file: string;
  /** Offset of its first byte from the start of that file. */
  readonly byteOffset: number;
  /** Its length in bytes. */
  readonly byteLength: number;
}

/** What the header of one file says. */
export interface SafetensorsHeader {
  /** Tensors in the order of their bytes. */
  readonly tensors: readonly TensorInfo[];
  /** The free text fields, for example `format`. */
  readonly metadata: ReadonlyMap<string, string>;
}

const largestHeader = 100_000_000;

/** Reads and checks the header. Throws `FILE_CORRUPT` naming the file and what is wrong in it. */
export async function readSafetensorsHeader(source: ByteSource): Promise<SafetensorsHeader> {
  if (source.size < 8) {
    throw corruptFile(
      source.name,
      `expected a safetensors header of at least 8 bytes, but the file has ${source.size}.`,
    );
  }
  const prefix = new Uint8Array(8);
  await source.readInto(prefix, 0);
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
  const available = Math.min(largestHeader, source.size - 8);
  if (length < 2 || length > available) {
    // What a clone of a repository holds where Git LFS is not installed begins with "version ".
    if (new TextDecoder("latin1").decode(prefix) === "version ") {
      throw new AttuneError("FILE_CORRUPT", `${source.name} is a pointer of Git LFS, not the file itself.`, {
        hint: "Fetch it in the folder of the clone: git lfs install && git lfs pull.",
        details: { file: source.name },
      });
    }
    throw corruptFile(
      source.name,
      `expected a safetensors header of 2 to ${available} bytes, but its length field says ${length}.`,
    );
  }
  const bytes = new Uint8Array(length);
  await source.readInto(bytes, 8);
  return parseHeader(bytes, source.name, 8 + length, source.size);
}

function parseHeader(bytes: Uint8Array, file: string, dataStart: number, fileSize: number): SafetensorsHeader {
  const header = parseJson(bytes, file);
  let metadata: ReadonlyMap<string, string> = new Map();
  const tensors: TensorInfo[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") metadata = parseMetadata(entry, file);
    else tensors.push(parseTensor(name, entry, file, dataStart));
  }
  tensors.sort((left, right) => left.byteOffset - right.byteOffset || left.byteLength - right.byteLength);
  checkCoverage(tensors, file, dataStart, fileSize);
  return { tensors, metadata };
}

function parseJson(bytes: Uint8Array, file: string): JsonObject {
  let text: string;
  let value: JsonValue;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw corruptFile(file, `expected the header to be JSON in UTF-8, but could not read it (${String(cause)}).`);
  }
  if (!text.startsWith("{") || !isJsonObject(value)) {
    throw corruptFile(file, "expected the header to be a JSON object, but it is something else.");
  }
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) {
    throw corruptFile(file, `expected each name once in the header, but "${duplicate}" is there twice.`, {
      key: duplicate,
    });
  }
  return value;
}

function parseMetadata(entry: JsonValue, file: string): ReadonlyMap<string, string> {
  const fields = isJsonObject(entry) ? Object.entries(entry) : undefined;
  if (!fields || fields.some(([, value]) => typeof value !== "string")) {
    throw corruptFile(file, "expected __metadata__ to map names to strings, but it holds something else.");
  }
  return new Map(fields as [string, string][]);
}

function parseTensor(name: string, entry: JsonValue, file: string, dataStart: number): TensorInfo {
  const fail = (problem: string) => corruptFile(file, `tensor "${name}": ${problem}`, { key: name });
  if (!isJsonObject(entry)) throw fail("expected dtype, shape and data_offsets, but found no object.");
  const { dtype, shape, data_offsets: offsets, ...rest } = entry as Record<string, JsonValue | undefined>;
  const extra = Object.keys(rest)[0];
  if (extra !== undefined) throw fail(`expected dtype, shape and data_offsets, but there is also "${extra}".`);
  if (typeof dtype !== "string") throw fail("expected a dtype, but there is none.");
  if (!isWeightDtype(dtype)) {
    throw new AttuneError(
      "FILE_UNSUPPORTED",
      `${file}: tensor "${name}" has the dtype ${JSON.stringify(dtype)}, which cannot be read.`,
      { hint: `Readable are ${weightDtypes.join(", ")}.`, details: { file, key: name } },
    );
  }
  if (!isSizes(shape)) throw fail("expected the shape to be a list of sizes, but it is not.");
  if (!isSizes(offsets) || offsets.length !== 2) throw fail("expected data_offsets to be two sizes, but they are not.");
  const [begin, end] = offsets as [number, number];
  const byteLength = shape.reduce((product, extent) => product * extent, dtypeByteSize(dtype));
  if (!Number.isSafeInteger(byteLength) || end - begin !== byteLength) {
    throw fail(`expected ${byteLength} bytes for ${dtype} [${shape.join(", ")}], but data_offsets say ${end - begin}.`);
  }
  return { name, dtype, shape, file, byteOffset: dataStart + begin, byteLength };
}

function checkCoverage(tensors: readonly TensorInfo[], file: string, dataStart: number, fileSize: number): void {
  let position = dataStart;
  for (const { name, byteOffset, byteLength } of tensors) {
    if (byteOffset !== position) {
      const relation = byteOffset < position ? "overlaps the tensor before it" : "leaves a hole before it";
      throw corruptFile(
        file,
        `tensor "${name}": expected its data at byte ${position}, but it begins at ${byteOffset} and so ${relation}.`,
        { key: name },
      );
    }
    position += byteLength;
  }
  if (position !== fileSize) {
    const relation = position > fileSize ? "is truncated" : "has bytes that belong to no tensor";
    throw corruptFile(file, `expected ${position} bytes in all, but the file has ${fileSize}: it ${relation}.`);
  }
}

function isSizes(value: JsonValue | undefined): value is readonly number[] {
  return Array.isArray(value) && value.length <= 64 && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
