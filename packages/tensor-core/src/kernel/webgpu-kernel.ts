// What the WebGPU backend needs to know of a kernel: compute shaders run one after the other, and the buffers of each. Types
// only, so that a plugin brings kernels without depending on the backend.

/** What a shader may need of a device beside the core of WebGPU. */
export type WebgpuFeature = "f16" | "subgroups" | "subgroup-size-control" | "subgroup-matrix";

/** What a shader moves of a buffer between memory and the device's last cache, where that is not all of it once. */
export interface BufferTraffic {
  /** Bytes that it touches at all; default all. */
  readonly bytes?: number;
  /** How often it goes over them; default 1. */
  readonly passes?: number;
  /** Bytes that it touches between one pass and the next, these included: a cache of as many makes further passes free. */
  readonly apart?: number;
  /** True where it reads the bytes and writes them. */
  readonly rewritten?: boolean;
}

/** A buffer that a shader uses, as a variable of module scope; the backend declares it, so that access modes follow from the plan. */
export interface WebgpuBuffer {
  /** Name of the variable, which no local variable shares: operands in one range become one variable. */
  readonly name: string;
  /** Its WGSL type, for instance `array<f32>`. */
  readonly type: string;
  /**
   * Where its bytes are: a binding of the dispatch (one a format component of each operand, in binding order), bytes that the
   * stages of one dispatch hand on, or constants of the kernel.
   */
  readonly source: "binding" | "scratch" | "constants";
  /** Number of the binding, of the scratch or of the constants. */
  readonly index: number;
  /** A part of a binding that is larger than the device binds at once; both are multiples of 256 bytes but for the end. */
  readonly window?: { readonly offset: number; readonly bytes: number };
  readonly traffic?: BufferTraffic;
}

/** One shader run. */
export interface WebgpuStage {
  /** WGSL with an entry point `main` and without the declarations of `buffers`. */
  readonly wgsl: string;
  readonly buffers: readonly WebgpuBuffer[];
  readonly workgroups: readonly [number, number, number];
  readonly features?: readonly WebgpuFeature[];
  /** Names of two buffers, for a stage that only copies the first to the second: left out where both are the same range. */
  readonly copies?: readonly [from: string, to: string];
}

/** A kernel as the WebGPU backend runs it: every stage sees what the stages before it wrote. */
export interface WebgpuKernelCode {
  readonly backend: "webgpu";
  readonly stages: readonly WebgpuStage[];
  /** Bytes of each scratch buffer. */
  readonly scratch?: readonly number[];
  /** Words of each buffer of constants. */
  readonly constants?: readonly Uint32Array[];
}
