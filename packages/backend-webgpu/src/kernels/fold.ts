// Sums and other folds in a fixed order. Output o of `outputs` gathers `count` values: they are cut into `splits` ranges, each
// folded by `lanes` threads (strided, then in a tree), and a second stage folds the ranges. How they are cut follows from the
// shape alone, so results never depend on the device.
import type { WebgpuBuffer, WebgpuStage } from "@attune/tensor-core";
import { buildShader } from "../shader/build-shader.ts";
import { gridOf } from "../shader/grid.ts";
import { scratch } from "./define-kernel.ts";

/** What is folded into each output. */
export interface Fold {
  readonly outputs: number;
  readonly count: number;
  /** WGSL of `fn element(output: u32, place: u32) -> T`: value number `place` of an output. */
  readonly element: string;
  /** T; f32 unless given. */
  readonly type?: "f32" | "i32" | "u32";
  /** WGSL expression of `a` and `b`; default `a + b`. */
  readonly join?: string;
  /** WGSL of what nothing folds to; default 0. */
  readonly start?: string;
  /** True if neighbouring outputs are neighbours in memory, false if the values of one output are. */
  readonly outputsAreNeighbours: boolean;
  readonly buffers: readonly WebgpuBuffer[];
  /** Where outputs go. */
  readonly result: WebgpuBuffer;
  /** Number of the scratch buffer between the stages, if the kernel has others before it. */
  readonly scratch?: number;
}

/** Stages of a fold and the bytes of scratch that they need, if any. */
export interface FoldStages {
  readonly stages: readonly WebgpuStage[];
  readonly scratch: readonly number[];
}

/** Threads that keep a GPU busy; more would only add to what the second stage folds. */
const enoughThreads = 16384;
/** Values of one output below which they are not cut. */
const shortestRange = 256;
const mostSplits = 256;

/** Ranges that the values of each output are cut into. */
function splitsOf({ outputs, count, outputsAreNeighbours }: Fold): number {
  const threads = outputsAreNeighbours ? outputs : 64 * outputs;
  const wanted = Math.ceil(enoughThreads / Math.max(1, threads));
  return Math.max(1, Math.min(mostSplits, wanted, Math.floor(count / shortestRange)));
}

/** The stages of a fold. */
export function foldStages(fold: Fold): FoldStages {
  const { outputs, count, type = "f32", result } = fold;
  const splits = splitsOf(fold);
  if (splits === 1) return { stages: [foldStage(fold, fold.buffers, result, count, 1)], scratch: [] };
  const number = fold.scratch ?? 0;
  const parts = scratch("parts", number, `array<${type}>`);
  const second: Fold = {
    ...fold,
    count: splits,
    element: `fn element(output: u32, place: u32) -> ${type} {\n  return parts[place * ${outputs}u + output];\n}\n`,
    outputsAreNeighbours: true,
  };
  const partial = { ...parts, name: result.name };
  return {
    stages: [
      foldStage(fold, fold.buffers, partial, Math.ceil(count / splits), splits),
      foldStage(second, [parts], result, splits, 1),
    ],
    scratch: [splits * outputs * 4],
  };
}

function foldStage(
  fold: Fold,
  buffers: readonly WebgpuBuffer[],
  result: WebgpuBuffer,
  length: number,
  splits: number,
): WebgpuStage {
  const { outputs, count, type = "f32", join = "a + b", start = `${type}(0)`, element, outputsAreNeighbours } = fold;
  const lanes =
    outputsAreNeighbours && outputs >= 64 ? 1 : Math.min(64, 2 ** Math.ceil(Math.log2(Math.max(1, length / 4))));
  const { workgroups, gridWidth } = gridOf(Math.ceil((outputs * splits) / (64 / lanes)));
  const declarations = [
    `alias Number = ${type};\nfn join(a: Number, b: Number) -> Number {\n  return ${join};\n}\n`,
    `fn initial() -> Number {\n  return ${start};\n}\nfn store(index: u32, value: Number) {\n  ${result.name}[index] = value;\n}\n`,
    element,
  ];
  const constants = { outputs, count, range_length: length, total: outputs * splits, lanes, grid_width: gridWidth };
  return { wgsl: buildShader("fold", { constants, declarations }), buffers: [...buffers, result], workgroups };
}
