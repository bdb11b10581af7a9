import { bufferUsage } from "../memory/buffer-usage.ts";
import { createPieces, createPiecesOr } from "../memory/create-pieces.ts";
import { outOfMemory } from "../memory/memory-exceeded.ts";

/** Bytes that the stages of one dispatch hand on, shared by all plans, as large as the largest needs. */
export interface ScratchBuffer {
  /** @throws AttuneError `MEMORY_EXCEEDED` where the device has not as many; plans that need fewer go on. */
  reserve(bytes: number): Promise<void>;
  /** As in an allocation; see `pieceBytesOf`. */
  pieces(): readonly GPUBuffer[];
  dispose(): void;
}

/** Scratch of a device. */
export function createScratchBuffer(device: GPUDevice): ScratchBuffer {
  const label = "scratch";
  let pieces = createPieces(device, 256, bufferUsage.storage, label);
  return {
    async reserve(bytes) {
      if (bytes <= bytesOf(pieces)) return;
      // The smaller one stays until the larger is there: plans that were compiled are bound to it.
      const larger = await createPiecesOr(device, bytes, bufferUsage.storage, label, (reason) =>
        outOfMemory("what the stages of a kernel hand on", bytes, reason),
      );
      const unneeded = bytes > bytesOf(pieces) ? pieces : larger;
      pieces = unneeded === pieces ? larger : pieces;
      for (const buffer of unneeded) buffer.destroy();
    },
    pieces: () => pieces,
    dispose() {
      for (const buffer of pieces) buffer.destroy();
    },
  };
}

function bytesOf(pieces: readonly GPUBuffer[]): number {
  return pieces.reduce((sum, { size }) => sum + size, 0);
}
