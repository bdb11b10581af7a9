import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { regularFileSize } from "@attune/run-folder";
import { AttuneError, throwIfAborted, toAttuneError } from "@attune/spec";

/** What a byte reader may be given beside the path. */
export interface ReadBytesOptions {
  /** Aborts the read. */
  readonly signal?: AbortSignal | undefined;
  /** Sees every piece of bytes (unpacked) before it is given out, for example to hash them. */
  readonly onBytes?: ((bytes: Uint8Array) => void) | undefined;
}

/**
 * Streams a file in pieces of about 256 KiB, the next one read only when the last was taken; gzip is recognised by
 * its first two bytes and unpacked. Throws `FILE_NOT_FOUND`, `INPUT_INVALID` for what is no regular file, and
 * `FILE_CORRUPT` for a truncated or damaged gzip.
 */
export async function* readBytes(path: string, options: ReadBytesOptions = {}): AsyncGenerator<Buffer> {
  const { signal, onBytes } = options;
  try {
    await regularFileSize(path);
    const gzip = await startsAsGzip(path);
    const file = createReadStream(path, { highWaterMark: 2 ** 18 });
    // The callback form of pipeline hands a file error on to the unpacker, where the loop below meets it.
    const stream = gzip ? pipeline(file, createGunzip({ chunkSize: 2 ** 18 }), () => undefined) : file;
    for await (const chunk of stream) {
      throwIfAborted(signal);
      onBytes?.(chunk as Buffer);
      yield chunk as Buffer;
    }
  } catch (error) {
    throw describeReadError(error, path);
  }
}

async function startsAsGzip(path: string): Promise<boolean> {
  const handle = await open(path, "r");
  try {
    const head = Buffer.alloc(2);
    const { bytesRead } = await handle.read(head, 0, 2, 0);
    return bytesRead === 2 && head[0] === 0x1f && head[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

function describeReadError(error: unknown, path: string): AttuneError {
  const code: unknown = (error as NodeJS.ErrnoException | null)?.code;
  if (typeof code === "string" && code.startsWith("Z_")) {
    return new AttuneError(
      "FILE_CORRUPT",
      `Expected ${path} to be a whole gzip file, but unpacking failed: ${(error as Error).message}.`,
      {
        hint: "The file is probably truncated; fetch it again.",
        cause: error,
        details: { file: path },
      },
    );
  }
  return toAttuneError(error);
}
