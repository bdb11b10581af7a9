// The two files of a PEFT adapter as text and bytes, for places that have no folders: browsers, archives, uploads.
import { AttuneError, type JsonObject } from "@attune/spec";
import { encodeSafetensors, type TensorToWrite } from "./encode-safetensors.ts";
import { sortedJson } from "./sorted-json.ts";

/** What an adapter folder is made of. */
export interface AdapterToWrite {
  /** Content of `adapter_config.json`; `inference_mode` is set to true, as PEFT does when it saves. */
  readonly config: JsonObject;
  /** Tensors under PEFT's names, without the adapter's name in them. */
  readonly tensors: readonly TensorToWrite[];
}

/** The files of an adapter folder by name. */
export interface AdapterFiles {
  readonly "adapter_config.json": string;
  readonly "adapter_model.safetensors": Uint8Array;
}

/** Makes the files that `writeAdapterFolder` writes, byte for byte. Throws `INPUT_INVALID` for a config without `peft_type`. */
export async function encodeAdapterFiles({ config, tensors }: AdapterToWrite): Promise<AdapterFiles> {
  return {
    "adapter_config.json": adapterConfigText(config),
    "adapter_model.safetensors": await encodeSafetensors(tensors, adapterMetadata),
  };
}

/** Metadata of `adapter_model.safetensors`, without which PEFT refuses it. */
export const adapterMetadata: Readonly<Record<string, string>> = { format: "pt" };

/** Text of `adapter_config.json`: indent 2 and sorted keys, as PEFT writes it. */
export function adapterConfigText(config: JsonObject): string {
  if (typeof config["peft_type"] !== "string") {
    throw new AttuneError("INPUT_INVALID", 'Expected the adapter config to have "peft_type", but it has none.');
  }
  return sortedJson({ ...config, inference_mode: true });
}
