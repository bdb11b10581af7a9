// Joins a shader with the buffers that a dispatch gives it. WebGPU refuses a buffer that is bound read-only and writable in one
// dispatch, and writable ranges that overlap, so weights are bound read-only and everything else writable, and operands in one
// range become one variable. Two operands that overlap without being equal cannot be bound at once: the one that is read is
// copied first.
import type { WebgpuBuffer, WebgpuStage } from "@attune/tensor-core";
import { type Segment, type SplitLimits, segmentsOf, splitVariable } from "./split-range.ts";

/** Where the bytes of a buffer are. */
export interface Range {
  /** Region of the plan, or the backend's own buffers. */
  readonly place: number | "scratch" | "constants" | "nothing";
  readonly offset: number;
  readonly bytes: number;
  /** Weights and constants are read-only. */
  readonly writable: boolean;
  /** Whether this dispatch writes it. */
  readonly written: boolean;
}

/** What is bound to a shader: a range, or the part of one that lies in one buffer and is not too large. */
export interface BoundRange extends Segment {
  readonly place: Range["place"];
  readonly writable: boolean;
}

/** A shader as it is compiled, and what is bound to it in order. */
export interface LinkedStage {
  readonly wgsl: string;
  readonly ranges: readonly BoundRange[];
  readonly workgroups: readonly [number, number, number];
}

/** A stage and the copies that have to run before it. */
export interface LinkResult {
  readonly copies: readonly { readonly from: Range; readonly to: Range }[];
  readonly stage: LinkedStage;
}

const enables: Readonly<Record<NonNullable<WebgpuStage["features"]>[number], string>> = {
  f16: "enable f16;\n",
  subgroups: "enable subgroups;\n",
  "subgroup-size-control": "enable subgroup_size_control;\n",
  // Which quarter a subgroup has follows from its threads' numbers, which the compiler takes to differ within it.
  "subgroup-matrix":
    "enable chromium_experimental_subgroup_matrix;\ndiagnostic(off, chromium.subgroup_matrix_uniformity);\n",
};

interface Bound {
  readonly buffer: WebgpuBuffer;
  readonly range: Range;
}

/**
 * Links a stage.
 *
 * @param rangeOf - the range of a buffer of the stage
 * @param copyTarget - scratch for a copy of so many bytes
 * @returns undefined for a copy of a range to itself
 */
export function linkStage(
  stage: WebgpuStage,
  rangeOf: (buffer: WebgpuBuffer) => Range,
  copyTarget: (bytes: number) => Range,
  limits: SplitLimits,
): LinkResult | undefined {
  const operands = stage.buffers.map((buffer) => ({ buffer, range: rangeOf(buffer) }));
  if (stage.copies !== undefined) {
    const [from, to] = stage.copies.map((name) => operands.find(({ buffer }) => buffer.name === name)!.range);
    if (sameRange(from!, to!)) return undefined;
  }
  const bound: Bound[] = [];
  const renamed = new Map<string, string>();
  const copies: { from: Range; to: Range }[] = [];
  // Ranges that are written come first: whatever overlaps one of them is only read, and can be copied.
  for (const operand of [...operands].sort((a, b) => Number(b.range.written) - Number(a.range.written))) {
    const { buffer, range } = operand;
    const same = bound.find((other) => sameRange(other.range, range) && other.buffer.type === buffer.type);
    if (same) renamed.set(buffer.name, same.buffer.name);
    else if (range.writable && bound.some((other) => overlaps(other.range, range))) {
      const to = copyTarget(range.bytes);
      copies.push({ from: range, to });
      bound.push({ buffer, range: to });
    } else bound.push(operand);
  }
  const ranges: BoundRange[] = [];
  const declarations: string[] = [];
  let body = renameVariables(stage.wgsl, renamed);
  for (const { buffer, range } of bound) {
    const { place, writable, offset, bytes } = range;
    const segments = segmentsOf(offset, bytes, limits);
    let names: readonly string[] = [buffer.name];
    if (segments.length > 1) {
      const split = splitVariable(body, buffer.name, buffer.type, segments, writable);
      names = split.names;
      body = `${split.wgsl}${split.functions}`;
    }
    segments.forEach((segment, index) => {
      const access = writable ? "read_write" : "read";
      declarations.push(
        `@group(0) @binding(${ranges.length}) var<storage, ${access}> ${names[index]}: ${buffer.type};\n`,
      );
      ranges.push({ place, writable, ...segment });
    });
  }
  const wgsl = [...(stage.features ?? []).map((feature) => enables[feature]), ...declarations, body].join("");
  return { copies, stage: { wgsl, ranges, workgroups: stage.workgroups } };
}

function sameRange(left: Range, right: Range): boolean {
  return (
    left.place === right.place && left.offset === right.offset && left.bytes === right.bytes && left.place !== "nothing"
  );
}

function overlaps(left: Range, right: Range): boolean {
  return (
    left.place === right.place &&
    left.writable &&
    left.offset < right.offset + right.bytes &&
    right.offset < left.offset + left.bytes
  );
}

/** Replaces identifiers, members of structures excepted. */
function renameVariables(wgsl: string, renamed: ReadonlyMap<string, string>): string {
  if (renamed.size === 0) return wgsl;
  return wgsl.replaceAll(/(?<![\w.])[A-Za-z_]\w*/g, (word) => renamed.get(word) ?? word);
}
