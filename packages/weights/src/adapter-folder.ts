import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@attune/run-folder";
import { AttuneError, type JsonObject } from "@attune/spec";
import { type AdapterToWrite, adapterConfigText, adapterMetadata } from "./adapter-files.ts";
import { corruptFile } from "./corrupt-file.ts";
import { readJsonObject } from "./folder-json.ts";
import { openSafetensors } from "./open-safetensors.ts";
import type { TensorReader } from "./tensor-reader.ts";
import { writeSafetensors } from "./write-safetensors.ts";

/** A PEFT adapter folder that was opened. */
export interface AdapterFolder {
  readonly folder: string;
  /** `adapter_config.json` as it is; `peft_type` is there and a string. */
  readonly config: JsonObject;
  /** Tensors of `adapter_model.safetensors`, under the names they have there. */
  readonly tensors: TensorReader;
  /** Closes the weight file. */
  close(): Promise<void>;
}

/**
 * Opens a PEFT adapter folder. Which tensors must be there depends on the method, so that is the caller's check.
 * Throws `FILE_UNSUPPORTED` for a folder with only `adapter_model.bin`.
 */
export async function openAdapterFolder(folder: string): Promise<AdapterFolder> {
  const configPath = join(folder, "adapter_config.json");
  const config = await readJsonObject(configPath);
  if (typeof config["peft_type"] !== "string") {
    throw corruptFile(configPath, 'expected "peft_type" to name a method, but it does not.', { key: "peft_type" });
  }
  const weightsPath = join(folder, "adapter_model.safetensors");
  if (!(await exists(weightsPath)) && (await exists(join(folder, "adapter_model.bin")))) {
    throw new AttuneError(
      "FILE_UNSUPPORTED",
      `Expected adapter_model.safetensors in ${folder}, but found only adapter_model.bin.`,
      {
        hint: "A .bin file can run code when it is read; load it in PEFT and save it again with save_pretrained(folder).",
        details: { file: join(folder, "adapter_model.bin") },
      },
    );
  }
  const tensors = await openSafetensors(weightsPath);
  return { folder, config, tensors, close: () => tensors.close() };
}

/**
 * Writes an adapter folder that PEFT loads: `adapter_model.safetensors` with the metadata `{"format": "pt"}`, then
 * `adapter_config.json` with indent 2 and sorted keys. Each is written atomically.
 */
export async function writeAdapterFolder(folder: string, content: AdapterToWrite): Promise<void> {
  const config = adapterConfigText(content.config);
  await mkdir(folder, { recursive: true });
  await writeSafetensors(join(folder, "adapter_model.safetensors"), content.tensors, adapterMetadata);
  await writeFileAtomic(join(folder, "adapter_config.json"), config);
}

/** Folder of an adapter below the folder that was saved: the one named `default` is at its root, as PEFT saves. */
export function adapterFolderOf(root: string, adapterName: string): string {
  return adapterName === "default" ? root : join(root, adapterName);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
