/** The header of a GGUF file, versions 2 and 3 (ggml docs/gguf.md): metadata and where the tensors are. */
import { AttuneError } from "@attune/spec";
import type { ByteSource } from "./byte-source.ts";
import { corruptFile } from "./corrupt-file.ts";
import { GgufCursor, NeedsMoreBytes } from "./gguf-cursor.ts";
import { ggufTensorTypes } from "./gguf-tensor-type.ts";
import { type GgufList, type GgufScalar, readGgufValue } from "./gguf-value.ts";
import { openByteSource } from "./open-byte-source.ts";

/** Where a tensor of a GGUF file is and what it holds. */
export interface GgufTensorInfo {
  readonly name: string;
  /** Type by its name in ggml, for example `Q4_K`. */
  readonly type: string;
  /** Extents, outermost first (the file has them the other way around). */
  readonly shape: readonly number[];
  /** Offset of its first byte from the start of the file. */
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** What the header of a GGUF file says. */
export interface GgufHeader {
  readonly file: string;
  readonly version: number;
  /** Values by key; lists are decoded when asked for. */
  readonly metadata: ReadonlyMap<string, GgufScalar | GgufList>;
  /** Tensors in the order of the file. */
  readonly tensors: readonly GgufTensorInfo[];
}

/**
 * Reads and checks the header of a GGUF file; only as much of the file is read as the header takes.
 * Throws `FILE_CORRUPT` or `FILE_UNSUPPORTED` naming the file and what is wrong.
 */
export async function readGguf(path: string): Promise<GgufHeader> {
  const source = await openByteSource(path);
  try {
    return await readHeader(source);
  } finally {
    await source.close();
  }
}

async function readHeader(source: ByteSource): Promise<GgufHeader> {
  for (let length = Math.min(source.size, 2 ** 20); ; ) {
    const bytes = new Uint8Array(length);
    await source.readInto(bytes, 0);
    try {
      return parseHeader(new GgufCursor(bytes, source.size, source.name));
    } catch (error) {
      if (!(error instanceof NeedsMoreBytes)) throw error;
      length = Math.min(source.size, Math.max(4 * length, error.wanted));
    }
  }
}

function parseHeader(cursor: GgufCursor): GgufHeader {
  const { file } = cursor;
  const magic = cursor.uint32("the magic number");
  if (magic !== 0x46554747) throw corruptFile(file, "expected a GGUF file, but it does not begin with GGUF.");
  const version = cursor.uint32("the version");
  if (version !== 2 && version !== 3) throw unsupportedVersion(file, version);
  const tensorCount = cursor.count("the number of tensors", 24);
  const keyCount = cursor.count("the number of keys", 13);
  const metadata = new Map<string, GgufScalar | GgufList>();
  for (let index = 0; index < keyCount; index++) {
    const key = cursor.string("a key");
    if (metadata.has(key)) throw corruptFile(file, `expected each key once, but "${key}" is there twice.`, { key });
    metadata.set(key, readGgufValue(cursor, key));
  }
  const alignment = alignmentOf(metadata, file);
  const relative = Array.from({ length: tensorCount }, () => readTensorInfo(cursor, alignment));
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  const tensors = relative.map((tensor) => ({ ...tensor, byteOffset: dataStart + tensor.byteOffset }));
  checkPlaces(tensors, cursor);
  return { file, version, metadata, tensors };
}

function unsupportedVersion(file: string, version: number): AttuneError {
  const swapped = version !== 0 && (version & 0xffff) === 0;
  return new AttuneError(
    "FILE_UNSUPPORTED",
    `${file}: expected GGUF version 2 or 3, but found ${swapped ? "one with its bytes the other way around" : version}.`,
    {
      hint: swapped ? "Convert the file to little-endian." : "Convert the file with a current llama.cpp.",
      details: { file },
    },
  );
}

function alignmentOf(metadata: ReadonlyMap<string, GgufScalar | GgufList>, file: string): number {
  const alignment = metadata.get("general.alignment") ?? 32;
  if (typeof alignment === "number" && Number.isInteger(alignment) && alignment >= 8 && alignment % 8 === 0)
    return alignment;
  throw corruptFile(file, "expected general.alignment to be a multiple of 8, but it is not.", {
    key: "general.alignment",
  });
}

function readTensorInfo(cursor: GgufCursor, alignment: number): GgufTensorInfo {
  const name = cursor.string("a tensor's name");
  const fail = (problem: string) => corruptFile(cursor.file, `tensor "${name}": ${problem}`, { key: name });
  const dimensions = cursor.uint32(`the rank of ${name}`);
  if (dimensions > 4) throw fail(`expected at most 4 dimensions, but found ${dimensions}.`);
  const innermostFirst = Array.from({ length: dimensions }, () => readSize(cursor, name));
  const typeNumber = cursor.uint32(`the type of ${name}`);
  const type = ggufTensorTypes.get(typeNumber);
  if (!type) {
    throw new AttuneError(
      "FILE_UNSUPPORTED",
      `${cursor.file}: tensor "${name}" has the type ${typeNumber}, which is not known.`,
      {
        hint: `Known are ${[...ggufTensorTypes.values()].map((known) => known.name).join(", ")}.`,
        details: { file: cursor.file, key: name },
      },
    );
  }
  const byteOffset = readSize(cursor, name);
  if (byteOffset % alignment !== 0)
    throw fail(`expected an offset that is a multiple of ${alignment}, but found ${byteOffset}.`);
  const rowLength = innermostFirst[0] ?? 1;
  if (rowLength % type.blockSize !== 0)
    throw fail(`expected rows of a multiple of ${type.blockSize} weights for ${type.name}, but found ${rowLength}.`);
  const elements = innermostFirst.reduce((product, extent) => product * extent, 1);
  return {
    name,
    type: type.name,
    shape: innermostFirst.reverse(),
    byteOffset,
    byteLength: (elements / type.blockSize) * type.blockBytes,
  };
}

function readSize(cursor: GgufCursor, name: string): number {
  const size = Number(cursor.view.getBigUint64(cursor.skip(8, name), true));
  if (Number.isSafeInteger(size)) return size;
  throw corruptFile(cursor.file, `tensor "${name}": expected a size below 2^53, but found ${size}.`, { key: name });
}

function checkPlaces(tensors: readonly GgufTensorInfo[], { file, fileSize }: GgufCursor): void {
  const names = new Set<string>();
  let end = 0;
  for (const { name, byteOffset, byteLength } of [...tensors].sort(
    (left, right) => left.byteOffset - right.byteOffset,
  )) {
    const fail = (problem: string) => corruptFile(file, `tensor "${name}": ${problem}`, { key: name });
    if (names.has(name)) throw fail("expected each name once, but it is there twice.");
    if (byteOffset < end) throw fail("its data overlaps that of another tensor.");
    names.add(name);
    end = byteOffset + byteLength;
    if (!(end <= fileSize))
      throw fail(`expected its data to end by ${fileSize}, where the file ends, but it ends at ${end}.`);
  }
}
