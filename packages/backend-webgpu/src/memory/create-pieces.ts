import { AttuneError } from "@attune/spec";

/** How far apart the buffers of one allocation begin, where it is larger than a device makes a buffer. */
export function pieceBytesOf({ maxBufferSize }: GPUSupportedLimits): number {
  return Math.floor(maxBufferSize / 256) * 256;
}

/** Buffers that together hold so many bytes, each but the last as large as the device makes one. */
export function createPieces(device: GPUDevice, bytes: number, usage: number, label: string): GPUBuffer[] {
  const whole = pieceBytesOf(device.limits);
  const size = Math.max(256, Math.ceil(bytes / 256) * 256);
  return Array.from({ length: Math.ceil(size / whole) }, (_, piece) =>
    device.createBuffer({ size: Math.min(whole, size - piece * whole), usage, label }),
  );
}

/** As `createPieces`; where the device does not make them, none is left, and the error is what `refused` makes of its reason. */
export async function createPiecesOr(
  device: GPUDevice,
  bytes: number,
  usage: number,
  label: string,
  refused: (reason: string) => AttuneError,
): Promise<GPUBuffer[]> {
  device.pushErrorScope("out-of-memory");
  device.pushErrorScope("validation");
  const pieces = createPieces(device, bytes, usage, label);
  const [invalid, exhausted] = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
  const error = invalid ?? exhausted;
  if (error === null) return pieces;
  for (const buffer of pieces) buffer.destroy();
  throw refused(error.message);
}

/** Calls back for each part of a range that lies in one buffer. @throws AttuneError `INTERNAL` beyond the end */
export function forPieces(
  pieces: readonly GPUBuffer[],
  pieceBytes: number,
  { offset, bytes }: { readonly offset: number; readonly bytes: number },
  visit: (buffer: GPUBuffer, offset: number, start: number, length: number) => void,
): void {
  for (let start = 0; start < bytes; ) {
    const piece = Math.floor((offset + start) / pieceBytes);
    const buffer = pieces[piece];
    if (buffer === undefined) throw new AttuneError("INTERNAL", "A transfer goes beyond the end of its allocation.");
    const length = Math.min(bytes - start, (piece + 1) * pieceBytes - offset - start);
    visit(buffer, offset + start - piece * pieceBytes, start, length);
    start += length;
  }
}
