import type { Allocation, Backend } from "./backend.ts";

/** Bytes that are made where they are wanted: those of a file, read straight into a backend's memory. */
export interface BytesToRead {
  readonly byteLength: number;
  /** Fills a target of `byteLength` bytes, which may lie on shared memory. */
  readInto(target: Uint8Array): Promise<void>;
}

/** Writes bytes, or reads them straight into a backend whose memory the host sees; others get them by way of a copy. */
export async function writeBytes(
  backend: Backend,
  allocation: Allocation,
  offset: number,
  bytes: Uint8Array | BytesToRead,
): Promise<void> {
  if (bytes instanceof Uint8Array) return backend.write(allocation, offset, bytes);
  const seen = backend.view?.(allocation, offset, bytes.byteLength);
  if (seen) return bytes.readInto(seen);
  const copy = new Uint8Array(bytes.byteLength);
  await bytes.readInto(copy);
  await backend.write(allocation, offset, copy);
}
