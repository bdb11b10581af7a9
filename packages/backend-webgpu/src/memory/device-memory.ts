// Buffers by role, and bytes to and from them. Buffers are zero at first, as WebGPU makes them.
import type { Allocation, MemoryRole } from "@attune/tensor-core";
import type { DeviceHealth } from "../device/device-health.ts";
import { bufferUsage } from "./buffer-usage.ts";
import { createPiecesOr, forPieces, pieceBytesOf } from "./create-pieces.ts";
import { outOfMemory } from "./memory-exceeded.ts";
import { createReadback } from "./readback.ts";

/** Bytes on the device. */
export interface GpuAllocation extends Allocation {
  /** One buffer, or several where the device makes none that is as large; see `pieceBytesOf`. */
  readonly pieces: readonly GPUBuffer[];
}

/** The device's memory. */
export interface DeviceMemory {
  allocate(role: MemoryRole, bytes: number): Promise<GpuAllocation>;
  free(allocation: GpuAllocation): void;
  write(allocation: GpuAllocation, offset: number, bytes: Uint8Array): Promise<void>;
  read(allocation: GpuAllocation, offset: number, bytes: number): Promise<Uint8Array>;
  /** Bytes of all buffers. */
  held(): number;
  dispose(): void;
}

/** Uploads are cut into pieces of this size, so that the driver's own staging stays small. */
const uploadBytes = 64 * 2 ** 20;

/** Memory of a device. */
export function createDeviceMemory(device: GPUDevice, health: DeviceHealth): DeviceMemory {
  const alive = new Set<GpuAllocation>();
  const readback = createReadback(device, health);
  const pieceBytes = pieceBytesOf(device.limits);
  const held = (): number => [...alive].flatMap(({ pieces }) => pieces).reduce((sum, buffer) => sum + buffer.size, 0);
  return {
    held,
    async allocate(role, bytes) {
      health.assert();
      const usage = bufferUsage.storage | bufferUsage.copySource | bufferUsage.copyTarget;
      const pieces = await createPiecesOr(device, bytes, usage, role, (reason) =>
        outOfMemory(`${role} beside the ${held()} bytes that are held`, bytes, reason),
      );
      const allocation = { role, bytes, pieces };
      alive.add(allocation);
      return allocation;
    },
    free(allocation) {
      if (alive.delete(allocation)) for (const buffer of allocation.pieces) buffer.destroy();
    },
    async write({ pieces }, offset, bytes) {
      health.assert();
      const range = { offset, bytes: bytes.byteLength };
      forPieces(pieces, pieceBytes, range, (buffer, at, start, length) => {
        for (let done = 0; done < length; done += uploadBytes) {
          const part = bytes.subarray(start + done, start + Math.min(length, done + uploadBytes));
          const whole = part.byteLength % 4 === 0 ? part : padded(part);
          device.queue.writeBuffer(buffer, at + done, whole.buffer as ArrayBuffer, whole.byteOffset, whole.byteLength);
        }
      });
    },
    async read({ pieces }, offset, bytes) {
      const parts: [GPUBuffer, number, number, number][] = [];
      forPieces(pieces, pieceBytes, { offset, bytes }, (...part) => parts.push(part));
      const [first, ...others] = parts;
      if (first === undefined || others.length === 0)
        return readback.read(first?.[0] ?? pieces[0]!, first?.[1] ?? 0, bytes);
      const result = new Uint8Array(bytes);
      for (const [buffer, at, start, length] of parts) result.set(await readback.read(buffer, at, length), start);
      return result;
    },
    dispose() {
      for (const buffer of [...alive].flatMap(({ pieces }) => pieces)) buffer.destroy();
      alive.clear();
      readback.dispose();
    },
  };
}

/** The bytes, filled up to whole words with zeros. */
function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.byteLength / 4) * 4);
  whole.set(bytes);
  return whole;
}
