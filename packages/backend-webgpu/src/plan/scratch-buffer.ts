import { bufferUsage } from "../memory/buffer-usage.ts";
import { createPieces } from "../memory/create-pieces.ts";

/** Bytes that the stages of one dispatch hand on, shared by all plans, as large as the largest needs. */
export interface ScratchBuffer {
  reserve(bytes: number): void;
  /** As in an allocation; see `pieceBytesOf`. */
  pieces(): readonly GPUBuffer[];
  dispose(): void;
}

/** Scratch of a device. */
export function createScratchBuffer(device: GPUDevice): ScratchBuffer {
  const make = (bytes: number): GPUBuffer[] => createPieces(device, bytes, bufferUsage.storage, "scratch");
  let pieces = make(256);
  const destroy = (): void => {
    for (const buffer of pieces) buffer.destroy();
  };
  return {
    reserve(bytes) {
      if (bytes <= pieces.reduce((sum, { size }) => sum + size, 0)) return;
      destroy();
      pieces = make(bytes);
    },
    pieces: () => pieces,
    dispose: destroy,
  };
}
