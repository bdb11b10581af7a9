// TargetOptions as the keys of PEFT's adapter_config.json, both ways. A method that reads target options writes all of them:
// a file that leaves one out names other modules than it has tensors for.
import type { FieldReader, JsonObject } from "@attune/spec";
import type { AdapterMethod, ModelSites } from "../adapter-method.ts";
import { matchTargets } from "./match-targets.ts";
import { defaultTargets, isAllLinear, readTargets, type TargetKeys, type TargetOptions } from "./target-options.ts";

/** `target_modules`, `exclude_modules`, `layers_to_transform`, `layers_pattern` and `modules_to_save`, null where nothing is chosen. */
export function writeTargetConfig(
  method: Pick<AdapterMethod<never>, "id" | "defaults">,
  options: TargetOptions,
  model: ModelSites,
): JsonObject {
  const { layersPattern } = options;
  return {
    target_modules: writtenTargets(method, options, model),
    exclude_modules: options.excludeModules ?? null,
    layers_to_transform: options.layersToTransform ?? null,
    layers_pattern: layersPattern?.length === 1 ? layersPattern[0]! : (layersPattern ?? null),
    modules_to_save: options.modulesToSave ?? null,
  };
}

/** PEFT writes "all-linear" as the modules that it stands for. */
function writtenTargets(
  method: Pick<AdapterMethod<never>, "id" | "defaults">,
  options: TargetOptions,
  model: ModelSites,
): string | readonly string[] {
  const targetModules = options.targetModules ?? defaultTargets(method, model.family);
  if (!isAllLinear(targetModules)) return targetModules;
  const sites = matchTargets(model, { ...options, targetModules }, { method: method.id, kinds: ["linear"] });
  return sites.map(({ name }) => name);
}

const fileKeys: TargetKeys = {
  targetModules: "target_modules",
  excludeModules: "exclude_modules",
  layersToTransform: "layers_to_transform",
  layersPattern: "layers_pattern",
  modulesToSave: "modules_to_save",
};

/** The target options that a file's keys stand for. @throws AttuneError `FILE_CORRUPT` for values that mean nothing */
export function readTargetConfig(config: FieldReader): TargetOptions {
  return readTargets(config, fileKeys);
}
