import type { DataStage } from "@attune/data-core";
import type { DataConfig } from "../config/data-config.ts";
import type { Toolbox } from "./toolbox.ts";

/** The stages that are not left out, with their options. */
export function dataSteps(data: DataConfig, toolbox: Toolbox): { stage: DataStage; options: unknown }[] {
  return Object.entries(data.stages)
    .filter(([, options]) => options !== false)
    .map(([id, options]) => ({ stage: toolbox.stages.get(id), options: options ?? {} }));
}
