// What each dispatch takes at least on a device: Williams, Waterman and Patterson, Roofline, CACM 52(4), 2009.
//   seconds = max(flops / peak, bytes / bandwidth)
// Bytes are those between memory and the last cache. Each operand of an op has to cross once: these are the unavoidable ones. What a
// kernel moves on top (sums of parts, operands that it goes over again) is in its stages; a further pass over bytes is free where the
// cache still holds them, that is where fewer bytes than it holds were met in between.
import type { WebgpuBuffer, WebgpuStage } from "../kernel/webgpu-kernel.ts";
import type { DeviceDescription } from "./device-description.ts";
import type { Dispatch, Plan } from "./plan.ts";

/** What a dispatch takes on a device. */
export interface DispatchRoofline {
  readonly flops: number;
  /** Bytes of its operands, each once. */
  readonly unavoidableBytes: number;
  /** Bytes that its kernel moves from and to memory. */
  readonly movedBytes: number;
  /** Kernel runs: stages of a kernel that has several. */
  readonly launches: number;
  readonly seconds: number;
  /** Its part of the seconds of the whole plan. */
  readonly share: number;
  readonly bound: "compute" | "memory";
}

/** The roofline of every dispatch of a plan. */
export function rooflineOf(plan: Plan, device: DeviceDescription): DispatchRoofline[] {
  const rows = plan.dispatches.map((dispatch) => {
    const movedBytes = movedBytesOf(dispatch, device.cacheBytes);
    const compute = dispatch.flops / peakOf(dispatch, device);
    const memory = movedBytes / device.bandwidth;
    return {
      flops: dispatch.flops,
      unavoidableBytes: dispatch.bytesMoved,
      movedBytes,
      launches: stagesOf(dispatch)?.length ?? 1,
      seconds: Math.max(compute, memory),
      bound: compute > memory ? ("compute" as const) : ("memory" as const),
    };
  });
  const total = rows.reduce((sum, { seconds }) => sum + seconds, 0);
  return rows.map((row) => ({ ...row, share: total === 0 ? 0 : row.seconds / total }));
}

function peakOf(dispatch: Dispatch, { flops }: DeviceDescription): number {
  const onMatrices = stagesOf(dispatch)?.some(({ features }) => features?.includes("subgroup-matrix")) ?? false;
  return (onMatrices ? flops.f16 : undefined) ?? flops.f32;
}

/** The stages that run, undefined for a kernel that is none of WebGPU's: copies of a range to itself fall away. */
function stagesOf(dispatch: Dispatch): readonly WebgpuStage[] | undefined {
  if (dispatch.code?.backend !== "webgpu") return undefined;
  return dispatch.code.stages.filter(({ copies, buffers }) => {
    if (copies === undefined) return true;
    const [from, to] = copies.map((name) => keyOf(dispatch, buffers.find((buffer) => buffer.name === name)!));
    return from !== to;
  });
}

function keyOf({ bindings }: Dispatch, { source, index, window }: WebgpuBuffer): string {
  if (source !== "binding") return `${source} ${index}`;
  const { region, offset } = bindings[index]!;
  return `${region}:${offset + (window?.offset ?? 0)}`;
}

/** Bytes between memory and a cache of this size. */
function movedBytesOf(dispatch: Dispatch, cacheBytes: number): number {
  const stages = stagesOf(dispatch);
  if (stages === undefined) return dispatch.bytesMoved;
  return stages.reduce((sum, stage) => sum + stageBytes(dispatch, stage, cacheBytes), 0);
}

/** A range that is read and written crosses twice; one that is bound under two names and only read, once. */
function stageBytes(dispatch: Dispatch, { buffers }: WebgpuStage, cacheBytes: number): number {
  const crossings = new Map<string, number>();
  for (const buffer of buffers) {
    const { bytes = sizeOf(dispatch, buffer), passes = 1, apart = 0 } = buffer.traffic ?? {};
    const crossing = bytes * (apart <= cacheBytes ? 1 : passes) * (buffer.traffic?.rewritten ? 2 : 1);
    const access = buffer.source === "binding" ? dispatch.bindings[buffer.index]!.access : buffer.name;
    const key = `${keyOf(dispatch, buffer)} ${access}`;
    crossings.set(key, Math.max(crossing, crossings.get(key) ?? 0));
  }
  return [...crossings.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function sizeOf({ bindings, code }: Dispatch, { source, index, window }: WebgpuBuffer): number {
  if (source === "binding") return window?.bytes ?? bindings[index]!.bytes;
  if (code?.backend !== "webgpu") return 0;
  return source === "scratch" ? code.scratch![index]! : code.constants![index]!.byteLength;
}
