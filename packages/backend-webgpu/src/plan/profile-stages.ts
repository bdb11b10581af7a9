// How long each stage takes, by timestamps that the device writes around a pass of its own.
import { bufferUsage } from "../memory/buffer-usage.ts";

/** What is encoded for one stage. */
export type EncodeStage = (pass: GPUComputePassEncoder, stage: number) => void;

/** Stages between two reads of the timestamps: a query set holds two for each. */
const stagesAtOnce = 1024;

/** Runs stages one pass each; milliseconds of every stage. The device has to have the feature "timestamp-query". */
export async function profileStages(device: GPUDevice, count: number, encode: EncodeStage): Promise<Float64Array> {
  const milliseconds = new Float64Array(count);
  const querySet = device.createQuerySet({ type: "timestamp", count: 2 * stagesAtOnce });
  const size = 16 * stagesAtOnce;
  const resolved = device.createBuffer({ size, usage: bufferUsage.queryResolve | bufferUsage.copySource });
  const mapped = device.createBuffer({ size, usage: bufferUsage.mapRead | bufferUsage.copyTarget });
  for (let first = 0; first < count; first += stagesAtOnce) {
    const stages = Math.min(stagesAtOnce, count - first);
    const encoder = device.createCommandEncoder();
    for (let index = 0; index < stages; index++) {
      const timestampWrites = { querySet, beginningOfPassWriteIndex: 2 * index, endOfPassWriteIndex: 2 * index + 1 };
      const pass = encoder.beginComputePass({ timestampWrites });
      encode(pass, first + index);
      pass.end();
    }
    encoder.resolveQuerySet(querySet, 0, 2 * stages, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, mapped, 0, 16 * stages);
    device.queue.submit([encoder.finish()]);
    await mapped.mapAsync(1, 0, 16 * stages);
    const nanoseconds = new BigUint64Array(mapped.getMappedRange(0, 16 * stages));
    for (let index = 0; index < stages; index++)
      milliseconds[first + index] = Number(nanoseconds[2 * index + 1]! - nanoseconds[2 * index]!) / 1e6;
    mapped.unmap();
  }
  querySet.destroy();
  resolved.destroy();
  mapped.destroy();
  return milliseconds;
}
