import {
  type BufferTraffic,
  type Capabilities,
  isPlain,
  type KernelDef,
  type Signature,
  type WebgpuBuffer,
  type WebgpuKernelCode,
  type WebgpuStage,
} from "@attune/tensor-core";
import { gridOf } from "../shader/grid.ts";

/** What a kernel of this backend has to say; it is named after its op and accepts plain formats unless told otherwise. */
export interface WebgpuKernelOptions {
  readonly op: string;
  /** Distinguishes several kernels of one op. */
  readonly variant?: string;
  /** Relative cost, undefined where the kernel does not apply; 1 for plain formats unless given. */
  readonly accepts?: (signature: Signature, capabilities: Capabilities) => number | undefined;
  readonly inPlace?: KernelDef["inPlace"];
  readonly lower: (signature: Signature, capabilities: Capabilities) => Omit<WebgpuKernelCode, "backend">;
}

/** A kernel definition for WebGPU. */
export function webgpuKernel({ op, variant, accepts, inPlace, lower }: WebgpuKernelOptions): KernelDef {
  return {
    kind: "kernel",
    specificationVersion: 1,
    id: variant === undefined ? `webgpu.${op}` : `webgpu.${op}.${variant}`,
    op,
    backend: "webgpu",
    accepts: accepts ?? (({ inputs }) => (inputs.every(isPlain) ? 1 : undefined)),
    ...(inPlace ? { inPlace } : {}),
    lower: (signature, capabilities) => ({ backend: "webgpu", ...lower(signature, capabilities) }),
  };
}

/** A buffer of an operand of plain format, inputs counted from 0 and outputs after them. */
export function operand(name: string, index: number, type = "array<f32>"): WebgpuBuffer {
  return { name, type, source: "binding", index };
}

/** A buffer that is gone over more than once, or in part. */
export function moving(buffer: WebgpuBuffer, traffic: BufferTraffic): WebgpuBuffer {
  return { ...buffer, traffic };
}

/** A buffer that an earlier stage has written or this one writes. */
export function scratch(name: string, index: number, type = "array<f32>"): WebgpuBuffer {
  return { name, type, source: "scratch", index };
}

/** Threads of a workgroup in which each thread has work of its own. */
const flatGroup = 64;

/** A stage in which thread number i of `threads` does its own work; the shader knows `threads` and `grid_width`. */
export function flatStage(
  threads: number,
  build: (constants: { readonly threads: number; readonly grid_width: number }) => string,
  buffers: readonly WebgpuBuffer[],
  rest: Pick<WebgpuStage, "copies" | "features"> = {},
): WebgpuStage {
  const { workgroups, gridWidth } = gridOf(Math.ceil(threads / flatGroup));
  return { wgsl: build({ threads, grid_width: gridWidth }), buffers, workgroups, ...rest };
}
