import { readFile, stat } from "node:fs/promises";
import { AttuneError } from "@attune/spec";
import { fileError } from "./file-error.ts";

/** Limits for a file that is read whole. */
export interface ReadRegularFileOptions {
  /** Largest size in bytes that is read. */
  readonly maxBytes: number;
}

/**
 * Reads a file whole. Throws `FILE_NOT_FOUND`, `INPUT_INVALID` for a folder, a pipe or a device, and `FILE_UNSUPPORTED` for
 * more bytes than the limit, each naming the file.
 */
export async function readRegularFile(path: string, { maxBytes }: ReadRegularFileOptions): Promise<Buffer> {
  const size = await regularFileSize(path);
  if (size > maxBytes) {
    throw new AttuneError(
      "FILE_UNSUPPORTED",
      `Expected ${path} to have at most ${maxBytes} bytes, but it has ${size}.`,
      { hint: "Check that it is the file that was meant.", details: { file: path } },
    );
  }
  return readFile(path).catch((error: unknown) => {
    throw fileError(error, path);
  });
}

/**
 * The size of a file in bytes. Opening a pipe would wait for somebody who writes, and a device such as /dev/zero never ends,
 * so both are refused before they are opened. Throws `FILE_NOT_FOUND` or `INPUT_INVALID`.
 */
export async function regularFileSize(path: string): Promise<number> {
  const status = await stat(path).catch((error: unknown) => {
    throw fileError(error, path);
  });
  if (status.isFile()) return status.size;
  const found = status.isDirectory() ? "a folder" : status.isFIFO() ? "a pipe" : "a device or a socket";
  throw new AttuneError("INPUT_INVALID", `Expected a regular file at ${path}, but it is ${found}.`, {
    hint: status.isDirectory()
      ? "Give the path of a file inside it."
      : "Write its content to a file first: files are read more than once.",
    details: { file: path },
  });
}
