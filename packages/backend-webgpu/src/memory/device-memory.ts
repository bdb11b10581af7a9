// Buffers by role, and bytes to and from them. Buffers are zero at first, as WebGPU makes them.
import { AttuneError } from "@attune/spec";
import type { Allocation, MemoryRole } from "@attune/tensor-core";
import type { DeviceHealth } from "../device/device-health.ts";
import { bufferUsage } from "./buffer-usage.ts";
import { createReadback } from "./readback.ts";

/** Bytes on the device. */
export interface GpuAllocation extends Allocation {
  readonly buffer: GPUBuffer;
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
const pieceBytes = 64 * 2 ** 20;

/** Memory of a device. */
export function createDeviceMemory(device: GPUDevice, health: DeviceHealth): DeviceMemory {
  const alive = new Set<GpuAllocation>();
  const readback = createReadback(device, health);
  const held = (): number => [...alive].reduce((sum, { buffer }) => sum + buffer.size, 0);
  return {
    held,
    async allocate(role, bytes) {
      health.assert();
      const size = Math.max(256, Math.ceil(bytes / 256) * 256);
      if (size > device.limits.maxBufferSize) throw tooLarge(role, bytes, device.limits.maxBufferSize);
      device.pushErrorScope("out-of-memory");
      device.pushErrorScope("validation");
      const buffer = device.createBuffer({
        size,
        usage: bufferUsage.storage | bufferUsage.copySource | bufferUsage.copyTarget,
        label: role,
      });
      const [invalid, exhausted] = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
      if (invalid ?? exhausted) {
        buffer.destroy();
        throw outOfMemory(role, bytes, held(), (invalid ?? exhausted)!.message);
      }
      const allocation = { role, bytes, buffer };
      alive.add(allocation);
      return allocation;
    },
    free(allocation) {
      if (alive.delete(allocation)) allocation.buffer.destroy();
    },
    async write({ buffer }, offset, bytes) {
      health.assert();
      for (let start = 0; start < bytes.byteLength; start += pieceBytes) {
        const piece = bytes.subarray(start, start + pieceBytes);
        const whole = piece.byteLength % 4 === 0 ? piece : padded(piece);
        device.queue.writeBuffer(
          buffer,
          offset + start,
          whole.buffer as ArrayBuffer,
          whole.byteOffset,
          whole.byteLength,
        );
      }
    },
    read: ({ buffer }, offset, bytes) => readback.read(buffer, offset, bytes),
    dispose() {
      for (const { buffer } of alive) buffer.destroy();
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

const smaller = "Use a smaller batch, a shorter sequence, recomputation, or weights in a smaller format.";

function tooLarge(role: MemoryRole, bytes: number, most: number): AttuneError {
  return new AttuneError(
    "MEMORY_EXCEEDED",
    `A buffer of ${bytes} bytes for ${role} is larger than the ${most} bytes that this GPU gives one buffer.`,
    { hint: smaller },
  );
}

function outOfMemory(role: MemoryRole, bytes: number, held: number, reason: string): AttuneError {
  return new AttuneError(
    "MEMORY_EXCEEDED",
    `The GPU has no ${bytes} bytes for ${role} beside the ${held} bytes that are held: ${reason}`,
    { hint: smaller },
  );
}
