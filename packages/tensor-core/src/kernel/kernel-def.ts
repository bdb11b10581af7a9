import type { Capabilities } from "../backend/backend.ts";
import type { Attributes } from "../op-def/op-def.ts";
import type { TensorType } from "../type/tensor-type.ts";
import type { CpuKernelCode } from "./cpu-kernel.ts";
import type { WebgpuKernelCode } from "./webgpu-kernel.ts";

/** What a kernel is chosen by. */
export interface Signature {
  readonly op: string;
  readonly inputs: readonly TensorType[];
  readonly outputs: readonly TensorType[];
  readonly attributes: Attributes;
}

/** How a kernel uses one bound buffer. Never read from shader text. */
export type Access = "read" | "write" | "read_write";

export type KernelCode = CpuKernelCode | WebgpuKernelCode;

/** A way to run an op on a backend. The cheapest that accepts a signature wins. */
export interface KernelDef {
  readonly kind: "kernel";
  readonly specificationVersion: 1;
  readonly id: string;
  readonly op: string;
  readonly backend: string;
  /** Relative cost for this signature, undefined where the kernel does not apply. */
  accepts(signature: Signature, capabilities: Capabilities): number | undefined;
  /** Pairs that may share bytes in this kernel; the op's own pairs unless given. */
  readonly inPlace?: readonly { readonly input: number; readonly output: number }[];
  /** The code for one signature. */
  lower(signature: Signature, capabilities: Capabilities): KernelCode;
}
