// A plan as it is replayed: pipelines, and which range of which region each of their bindings is.
import { AttuneError } from "@attune/spec";
import type { Dispatch, Plan, WebgpuBuffer, WebgpuKernelCode, WebgpuStage } from "@attune/tensor-core";
import { buildShader } from "../shader/build-shader.ts";
import { gridOf } from "../shader/grid.ts";
import { type LinkedStage, linkStage, type Range } from "./link-stage.ts";
import type { SplitLimits } from "./split-range.ts";

/** Stages in the order in which they run, and the bytes of the backend's own that they need. */
export interface PlanLayout {
  readonly stages: readonly LinkedStage[];
  /** First stage of each dispatch, and the number of stages at the end. */
  readonly stageOf: readonly number[];
  readonly scratchBytes: number;
  readonly constants: Uint8Array;
}

/** Lays a plan out. @throws AttuneError `DEVICE_UNAVAILABLE` for a plan of another backend */
export function layOutPlan(plan: Plan, alignment: number, limits: SplitLimits): PlanLayout {
  const stages: LinkedStage[] = [];
  const stageOf: number[] = [];
  const constants = createPool(alignment);
  let scratchBytes = 0;
  for (const dispatch of plan.dispatches) {
    stageOf.push(stages.length);
    const code = codeOf(plan, dispatch);
    const scratch = createCursor(alignment);
    const scratchRanges = (code.scratch ?? []).map((bytes) => ownRange("scratch", scratch.take(bytes), bytes, true));
    const constantRanges = (code.constants ?? []).map((words) => {
      const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
      return ownRange("constants", constants.place(bytes), bytes.byteLength, false);
    });
    const rangeOf = (buffer: WebgpuBuffer): Range => {
      if (buffer.source === "scratch") return scratchRanges[buffer.index]!;
      if (buffer.source === "constants") return constantRanges[buffer.index]!;
      const { bytes, access } = dispatch.bindings[buffer.index]!;
      // An output without elements, beside one with some, still has to be writable.
      return bytes === 0 && access !== "read" ? copyTarget(64) : bindingRange(plan, dispatch, buffer);
    };
    const copyTarget = (bytes: number): Range => ownRange("scratch", scratch.take(bytes), bytes, true);
    // Nothing is computed of outputs without elements.
    const made = dispatch.bindings.some(({ access, bytes }) => access !== "read" && bytes > 0);
    for (const stage of made ? code.stages : []) {
      const linked = linkStage(stage, rangeOf, copyTarget, limits);
      if (linked === undefined) continue;
      for (const { from, to } of linked.copies) stages.push(copyStage(from, to, limits));
      stages.push(linked.stage);
    }
    scratchBytes = Math.max(scratchBytes, scratch.end());
  }
  stageOf.push(stages.length);
  return { stages, stageOf, scratchBytes, constants: constants.bytes() };
}

function codeOf(plan: Plan, dispatch: Dispatch): WebgpuKernelCode {
  if (dispatch.code?.backend === "webgpu") return dispatch.code;
  throw new AttuneError(
    "DEVICE_UNAVAILABLE",
    `The WebGPU backend was given a plan for "${plan.backend}", whose op "${dispatch.op.id}" has no WebGPU kernel.`,
  );
}

function bindingRange(plan: Plan, { bindings }: Dispatch, { index, window }: WebgpuBuffer): Range {
  const { region, offset, bytes, access } = bindings[index]!;
  if (bytes === 0) return { place: "nothing", offset: 0, bytes: 64, writable: false, written: false };
  return {
    place: region,
    offset: offset + (window?.offset ?? 0),
    bytes: window?.bytes ?? bytes,
    writable: plan.regions[region]!.role !== "weights",
    written: access !== "read",
  };
}

function ownRange(place: "scratch" | "constants", offset: number, bytes: number, writable: boolean): Range {
  return { place, offset, bytes: Math.max(4, bytes), writable, written: writable };
}

function copyStage(from: Range, to: Range, limits: SplitLimits): LinkedStage {
  const count = Math.ceil(from.bytes / 4);
  const { workgroups, gridWidth } = gridOf(Math.ceil(count / 64));
  const stage: WebgpuStage = {
    wgsl: buildShader("copy-words", { constants: { count, grid_width: gridWidth } }),
    buffers: [
      { name: "destination", type: "array<u32>", source: "scratch", index: 0 },
      { name: "origin", type: "array<u32>", source: "scratch", index: 1 },
    ],
    workgroups,
  };
  return linkStage(
    stage,
    ({ index }) => (index === 0 ? to : from),
    () => to,
    limits,
  )!.stage;
}

/** Offsets one after the other. */
function createCursor(alignment: number): { take(bytes: number): number; end(): number } {
  let end = 0;
  return {
    take(bytes) {
      const start = end;
      end = Math.ceil((start + Math.max(4, bytes)) / alignment) * alignment;
      return start;
    },
    end: () => end,
  };
}

/** Constants of all dispatches in one buffer, equal ones once. */
function createPool(alignment: number): { place(bytes: Uint8Array): number; bytes(): Uint8Array } {
  const cursor = createCursor(alignment);
  const placed = new Map<string, number>();
  const parts: { start: number; bytes: Uint8Array }[] = [];
  return {
    place(bytes) {
      const key = bytes.join();
      const known = placed.get(key);
      if (known !== undefined) return known;
      const start = cursor.take(bytes.byteLength);
      placed.set(key, start);
      parts.push({ start, bytes });
      return start;
    },
    bytes() {
      const all = new Uint8Array(cursor.end());
      for (const { start, bytes } of parts) all.set(bytes, start);
      return all;
    },
  };
}
