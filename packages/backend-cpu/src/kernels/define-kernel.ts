import {
  type Capabilities,
  type CpuKernelCode,
  formatType,
  isPlain,
  type KernelDef,
  type Signature,
} from "@attune/tensor-core";

/** What a kernel of this backend has to say; it is named after its op and accepts plain formats unless told otherwise. */
export interface CpuKernelOptions {
  readonly op: string;
  /** Distinguishes several kernels of one op. */
  readonly variant?: string;
  /** Relative cost, undefined where the kernel does not apply; 1 for plain formats unless given. */
  readonly accepts?: (signature: Signature, capabilities: Capabilities) => number | undefined;
  readonly inPlace?: KernelDef["inPlace"];
  readonly lower: (signature: Signature, capabilities: Capabilities) => CpuKernelCode;
}

/** A kernel definition for the CPU. */
export function cpuKernel({ op, variant, accepts, inPlace, lower }: CpuKernelOptions): KernelDef {
  return {
    kind: "kernel",
    specificationVersion: 1,
    id: variant === undefined ? `cpu.${op}` : `cpu.${op}.${variant}`,
    op,
    backend: "cpu",
    accepts: accepts ?? (({ inputs }) => (inputs.every(isPlain) ? 1 : undefined)),
    ...(inPlace ? { inPlace } : {}),
    lower,
  };
}

/** A key for code that depends on all types and attributes. */
export function signatureKey({ op, inputs, outputs, attributes }: Signature, variant = ""): string {
  return `${op}${variant}|${[...inputs, ...outputs].map(formatType).join("|")}|${JSON.stringify(attributes)}`;
}
