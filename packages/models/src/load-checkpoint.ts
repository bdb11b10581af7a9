import { AttuneError, checkOptionKeys } from "@attune/spec";
import type { BytesToRead, Runtime, StorageFormat } from "@attune/tensor-core";
import { bytesToFloat32, type Checkpoint, float32ToBytes, type TensorReader } from "@attune/weights";
import { checkTensors } from "./check-tensors.ts";
import { findFamily } from "./find-family.ts";
import { llama } from "./llama/llama.ts";
import type { Model } from "./model.ts";
import type { ModelFamily, ParameterSpec } from "./model-family.ts";
import {
  type ParameterValues,
  type PlacementOptions,
  placementKeys,
  placeParameters,
  storageFormats,
} from "./place-parameters.ts";

/** Families that loading knows unless it is given others. */
export const defaultFamilies: readonly ModelFamily[] = [llama];

/** How a checkpoint is loaded. */
export interface LoadOptions extends PlacementOptions {
  readonly families?: readonly ModelFamily[] | undefined;
  /** Format of frozen matrices: that of the file, or one of the others. Norms and biases are kept in f32. Default "as-is". */
  readonly storage?: "as-is" | keyof typeof storageFormats | undefined;
}

const fileDtypes = { f32: "F32", bf16: "BF16", f16: "F16" } as const;

/** What is read of a checkpoint: its configuration and tensors; `folder` stands in errors. */
export type CheckpointContent = Pick<Checkpoint, "folder" | "config" | "generationConfig" | "tensors">;

/**
 * Loads a checkpoint that is open, wherever its bytes are, into a runtime, a few tensors at a time. Bytes that are kept as they are in the
 * file are read straight into the backend's memory, where the host sees it. The checkpoint stays open.
 *
 * Throws `FILE_UNSUPPORTED` for an unknown architecture or element type, `FILE_CORRUPT` with the names of tensors that are
 * missing, left over or of another shape than the configuration says.
 */
export async function loadCheckpoint(
  runtime: Runtime,
  { config: configJson, generationConfig, tensors, folder }: CheckpointContent,
  options: LoadOptions = {},
): Promise<Model> {
  checkOptionKeys("loadModel", options, { ...placementKeys, families: true, storage: true });
  const { families = defaultFamilies, storage = "as-is" } = options;
  const file = `${folder}/config.json`;
  const family = findFamily(families, configJson, file);
  const config = family.parseConfig(configJson, file);
  assertFewerBlocksThanTensors(config.blockCount, tensors.names.length, file);
  const fileNames = await checkTensors(folder, tensors, family, family.parameters(config));
  const values = valuesOf(tensors, fileNames, storage);
  return placeParameters(runtime, { family, config, configJson, generationConfig }, values, options);
}

/** Every block has a tensor. Checked before the parameters are listed, which a number out of nowhere would never end. */
function assertFewerBlocksThanTensors(blocks: number, tensors: number, file: string): void {
  if (blocks <= tensors) return;
  throw new AttuneError(
    "FILE_CORRUPT",
    `${file} asks for ${blocks} blocks, but the weight files beside it hold ${tensors} tensors.`,
    {
      hint: "Check that config.json and the weight files are of the same model, and that all shards are there.",
      details: { file },
    },
  );
}

function valuesOf(
  tensors: TensorReader,
  fileNames: ReadonlyMap<string, string>,
  storage: NonNullable<LoadOptions["storage"]>,
): ParameterValues {
  const nameOf = (spec: ParameterSpec): string => fileNames.get(spec.name)!;
  const asStored = (name: string): BytesToRead => ({
    byteLength: tensors.info(name).byteLength,
    readInto: (target) => tensors.readInto(name, target),
  });
  return {
    format(spec): StorageFormat {
      if (storage !== "as-is") return storageFormats[storage];
      const { dtype } = tensors.info(nameOf(spec));
      return dtype === "BF16" ? storageFormats.bf16 : dtype === "F16" ? storageFormats.f16 : storageFormats.f32;
    },
    async components(spec, format) {
      const name = nameOf(spec);
      const { dtype } = tensors.info(name);
      const wanted = fileDtypes[format.id as keyof typeof fileDtypes];
      if (dtype === wanted) return [asStored(name)];
      return [float32ToBytes(bytesToFloat32(await tensors.read(name), dtype), wanted)];
    },
    floats: async (spec) => {
      const name = nameOf(spec);
      return tensors.info(name).dtype === "F32" ? asStored(name) : tensors.readFloat32(name);
    },
  };
}
