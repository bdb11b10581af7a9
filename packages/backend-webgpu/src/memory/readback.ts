// Bytes from the device: copied into a mappable buffer, which is mapped when the copy is done. Buffers are kept for the next read.

import type { DeviceHealth } from "../device/device-health.ts";
import { bufferUsage } from "./buffer-usage.ts";

/** Reads of device buffers. */
export interface Readback {
  read(buffer: GPUBuffer, offset: number, bytes: number): Promise<Uint8Array>;
  dispose(): void;
}

/** Larger ranges are read in pieces of this size. */
const pieceBytes = 64 * 2 ** 20;
/** Mappable buffers that are kept between reads. */
const mostKept = 3;

/** Reads on a device. */
export function createReadback(device: GPUDevice, health: DeviceHealth): Readback {
  const free: GPUBuffer[] = [];
  const take = (bytes: number): GPUBuffer => {
    const fitting = free.findIndex((buffer) => buffer.size >= bytes);
    if (fitting !== -1) return free.splice(fitting, 1)[0]!;
    const size = Math.max(4096, 2 ** Math.ceil(Math.log2(bytes)));
    return device.createBuffer({ size, usage: bufferUsage.mapRead | bufferUsage.copyTarget, label: "readback" });
  };
  const giveBack = (buffer: GPUBuffer): void => {
    free.push(buffer);
    free.sort((left, right) => left.size - right.size);
    if (free.length > mostKept) free.shift()!.destroy();
  };
  const readPiece = async (source: GPUBuffer, offset: number, target: Uint8Array): Promise<void> => {
    const size = Math.ceil(target.byteLength / 4) * 4;
    const buffer = take(size);
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, offset, buffer, 0, size);
    device.queue.submit([encoder.finish()]);
    await buffer.mapAsync(1, 0, size);
    target.set(new Uint8Array(buffer.getMappedRange(0, size)).subarray(0, target.byteLength));
    buffer.unmap();
    giveBack(buffer);
  };
  return {
    async read(source, offset, bytes) {
      health.assert();
      const result = new Uint8Array(bytes);
      try {
        for (let start = 0; start < bytes; start += pieceBytes)
          await readPiece(source, offset + start, result.subarray(start, start + pieceBytes));
      } catch (cause) {
        throw health.explain(cause);
      }
      health.assert();
      return result;
    },
    dispose() {
      for (const buffer of free) buffer.destroy();
      free.length = 0;
    },
  };
}
