import { bufferUsage } from "../memory/buffer-usage.ts";

/** Bytes that the stages of one dispatch hand on, shared by all plans, as large as the largest needs. */
export interface ScratchBuffer {
  reserve(bytes: number): void;
  buffer(): GPUBuffer;
  dispose(): void;
}

/** Scratch of a device. */
export function createScratchBuffer(device: GPUDevice): ScratchBuffer {
  const make = (size: number): GPUBuffer => device.createBuffer({ size, usage: bufferUsage.storage, label: "scratch" });
  let buffer = make(256);
  return {
    reserve(bytes) {
      if (bytes <= buffer.size) return;
      buffer.destroy();
      buffer = make(bytes);
    },
    buffer: () => buffer,
    dispose: () => buffer.destroy(),
  };
}
