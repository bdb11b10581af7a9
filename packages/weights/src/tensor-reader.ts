import { AttuneError } from "@attune/spec";
import type { ByteSource } from "./byte-source.ts";
import type { TensorInfo } from "./safetensors-header.ts";
import { bytesToFloat32 } from "./tensor-bytes.ts";

/** Tensors of one file or of several shards, by name. Bytes are read when they are asked for, never before. */
export interface TensorReader {
  /** Names in the order of their bytes. */
  readonly names: readonly string[];
  /** Free text fields of the header (of all shards), for example `format`. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Whether there is a tensor with this name. */
  has(name: string): boolean;
  /** Returns type, shape and place of a tensor, or throws `ID_UNKNOWN` naming some that are there. */
  info(name: string): TensorInfo;
  /** Reads the bytes of a tensor into fresh memory that starts at offset 0 of its buffer. */
  read(name: string): Promise<Uint8Array>;
  /** Fills the target from `start` bytes into a tensor. The target may lie on shared memory. */
  readInto(name: string, target: Uint8Array, start?: number): Promise<void>;
  /** Reads a tensor of any element type as float32 values. */
  readFloat32(name: string): Promise<Float32Array>;
  /** Closes all files. */
  close(): Promise<void>;
}

/** A tensor and the source that holds its bytes. */
export interface LocatedTensor {
  readonly info: TensorInfo;
  readonly source: ByteSource;
}

/** Makes a reader of tensors whose headers were checked. */
export function createTensorReader(
  tensors: readonly LocatedTensor[],
  metadata: ReadonlyMap<string, string>,
): TensorReader {
  const byName = new Map(tensors.map((tensor) => [tensor.info.name, tensor]));
  const locate = (name: string): LocatedTensor => byName.get(name) ?? throwUnknown(name, byName);
  let closed = false;
  async function readInto(name: string, target: Uint8Array, start = 0): Promise<void> {
    const { info, source } = locate(name);
    if (closed) {
      throw new AttuneError("INPUT_INVALID", `Tensor "${name}" of ${info.file} was read after its reader was closed.`, {
        hint: "Close a reader when the last tensor was read.",
        details: { file: info.file, key: name },
      });
    }
    if (!(start >= 0 && start + target.byteLength <= info.byteLength)) {
      throw new AttuneError(
        "SHAPE_MISMATCH",
        `Expected a range inside the ${info.byteLength} bytes of tensor "${name}", but received ${target.byteLength} bytes from ${start}.`,
        { details: { file: info.file, key: name } },
      );
    }
    await source.readInto(target, info.byteOffset + start);
  }
  async function read(name: string): Promise<Uint8Array> {
    const bytes = new Uint8Array(locate(name).info.byteLength);
    await readInto(name, bytes);
    return bytes;
  }
  return {
    names: [...byName.keys()],
    metadata,
    has: (name) => byName.has(name),
    info: (name) => locate(name).info,
    read,
    readInto,
    readFloat32: async (name) => bytesToFloat32(await read(name), locate(name).info.dtype),
    async close() {
      closed = true;
      await Promise.all([...new Set(tensors.map(({ source }) => source))].map((source) => source.close()));
    },
  };
}

function throwUnknown(name: string, tensors: ReadonlyMap<string, LocatedTensor>): never {
  const files = [...new Set([...tensors.values()].map(({ info }) => info.file))];
  const some = [...tensors.keys()].slice(0, 5);
  throw new AttuneError(
    "ID_UNKNOWN",
    `Expected a tensor named "${name}" in ${files.join(", ") || "the file"}, but there is none.`,
    {
      hint: `The ${tensors.size} tensors there begin with ${some.join(", ")}.`,
      details: { key: name, ...(files[0] === undefined ? {} : { file: files[0] }) },
    },
  );
}
