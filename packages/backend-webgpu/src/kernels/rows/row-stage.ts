// Stages that work on rows of the last axis, some threads a row (shader/row-fold.wgsl).
import type { RowExtent, WebgpuBuffer, WebgpuStage } from "@attune/tensor-core";
import { buildShader, type ShaderConstant } from "../../shader/build-shader.ts";
import { gridOf } from "../../shader/grid.ts";

/** Threads that share a row: about four elements for each, at most a workgroup. */
export function lanesOf({ rows, columns }: RowExtent): number {
  const most = rows < 1024 && columns >= 2048 ? 256 : 64;
  return Math.min(most, 2 ** Math.ceil(Math.log2(Math.max(1, columns / 4))));
}

/** A stage whose shader defines `run_row`. */
export function rowStage(
  shader: string,
  extent: RowExtent,
  buffers: readonly WebgpuBuffer[],
  parts: {
    readonly constants?: Readonly<Record<string, ShaderConstant>>;
    readonly flags?: Readonly<Record<string, boolean>>;
    readonly declarations?: readonly string[];
  } = {},
): WebgpuStage {
  const lanes = lanesOf(extent);
  const groupSize = Math.max(64, lanes);
  const { workgroups, gridWidth } = gridOf(Math.ceil(extent.rows / (groupSize / lanes)));
  const constants = { ...extent, lanes, group_size: groupSize, grid_width: gridWidth, ...parts.constants };
  return { wgsl: buildShader(shader, { ...parts, constants }), buffers, workgroups };
}
