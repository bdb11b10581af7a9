// A storage format says how bytes hold a tensor's values: dense floats, bf16, int8 rows, 4-bit blocks.
// Kernels never name a format: GEMM's packing step and the embedding gather call its decode snippet.
import type { CpuDecoder, CpuRunDecoder } from "../kernel/cpu-kernel.ts";
import type { DType } from "./dtype.ts";

/** One of the buffers that hold a tensor, for instance the codes or the scales of a quantised weight. */
export interface FormatComponent {
  readonly name: string;
  /** Size of this component for the given shape, in bytes, a multiple of 4. */
  readonly bytes: number;
}

/** How bytes hold a tensor. A plugin brings its own; encoding and calibration live with the quantiser. */
export interface StorageFormat {
  readonly kind: "storage-format";
  readonly specificationVersion: 1;
  readonly id: string;
  /** What the values decode to. */
  readonly dtype: DType;
  /** Neighbouring elements of the last axis that are decoded together; the last axis is a multiple of it. */
  readonly blockSize: number;
  /** The component buffers that hold a tensor of `shape`, in binding order. */
  components(shape: readonly number[]): readonly FormatComponent[];
  /** Exact values of a tensor of `shape`, in row-major order. */
  decode(components: readonly Uint8Array[], shape: readonly number[]): Float64Array;
  /** Bytes of the given values, rounded to nearest; absent where encoding needs a quantiser. */
  encode?(values: ArrayLike<number>, shape: readonly number[]): readonly Uint8Array[];
  /**
   * One decode snippet a backend; a backend without one refuses the format at plan time. `wgsl` is the body of
   * `fn decode(element: u32) -> vec4f`, which gives four neighbours: `element` is the first one's row-major index, a multiple of 4 in
   * formats with blocks and any index in others. The components are the variables `component0`, `component1` and so on, each an
   * `array<u32>`. Up to three elements past the tensor may be read and are thrown away.
   *
   * `cpuRuns` is for speed alone: it decodes more at once where a product has few rows, as in decoding; without it `cpu` does.
   */
  readonly decoders: { readonly cpu?: CpuDecoder; readonly cpuRuns?: CpuRunDecoder; readonly wgsl?: string };
}
