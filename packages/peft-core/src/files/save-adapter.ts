import type { Model } from "@attune/models";
import { AttuneError } from "@attune/spec";
import { elementCount, type Runtime } from "@attune/tensor-core";
import { openAdapterFolder, type TensorToWrite, writeAdapterFolder } from "@attune/weights";
import type { Adapters } from "../attach-adapters.ts";
import { exportAdapter, type SaveAdapterOptions } from "./export-adapter.ts";

/**
 * Writes an adapter as a PEFT folder and reads it back.
 *
 * @param values - by parameter name; those of other adapters are not looked at
 * @throws AttuneError as `exportAdapter` does, and `FILE_CORRUPT` if what is on disk is not what was written
 */
export async function saveAdapter(
  runtime: Runtime,
  model: Model,
  adapters: Adapters,
  values: ReadonlyMap<string, Float32Array>,
  folder: string,
  options: SaveAdapterOptions = {},
): Promise<void> {
  const content = exportAdapter(runtime, model, adapters, values, options);
  await writeAdapterFolder(folder, content);
  await assertReadsBack(folder, content.tensors);
}

/** A saved adapter that lacks its tensors has cost people days; so what was written is read. */
async function assertReadsBack(folder: string, written: readonly TensorToWrite[]): Promise<void> {
  const { tensors, close } = await openAdapterFolder(folder);
  try {
    const lost = written.find(
      ({ name, shape }) => !tensors.has(name) || tensors.info(name).byteLength !== 4 * elementCount(shape),
    );
    if (lost !== undefined || tensors.names.length !== written.length) {
      throw new AttuneError(
        "FILE_CORRUPT",
        `Expected ${written.length} tensors in "${folder}", found ${tensors.names.length}${lost ? `; "${lost.name}" is not there as written` : ""}.`,
      );
    }
    for (const { name, data } of written) {
      if (typeof data === "function") continue;
      const { buffer, byteOffset, byteLength } = data;
      if (Buffer.compare(await tensors.read(name), new Uint8Array(buffer, byteOffset, byteLength)) !== 0) {
        throw new AttuneError("FILE_CORRUPT", `Tensor "${name}" in "${folder}" is not what was written.`, {
          details: { file: folder, key: name },
        });
      }
    }
  } finally {
    await close();
  }
}
