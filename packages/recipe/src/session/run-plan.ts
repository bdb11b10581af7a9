/** Bytes that something takes. */
export interface MemoryPart {
  readonly name: string;
  readonly bytes: number;
}

/** What a stage computes, and how long it will take. */
export interface StagePlan {
  readonly name: string;
  readonly flops: number;
  readonly seconds: number;
}

/** Memory and time of a run, predicted before its first step; `plan.json`. */
export interface RunPlan {
  readonly version: 1;
  readonly training: {
    readonly steps: number;
    readonly tokensPerStep: number;
    /** What operands of matrix products are rounded to. */
    readonly products: "f32" | "f16";
    /** Kernels that a step replays: forward and backward of each micro-batch, and the update. */
    readonly dispatchesPerStep: number;
    readonly rows: number;
    readonly tokens: number;
    readonly trained: number;
    readonly parameters: number;
  };
  readonly memory: { readonly parts: readonly MemoryPart[]; readonly peakBytes: number };
  readonly time: {
    readonly stages: readonly StagePlan[];
    readonly flops: number;
    readonly seconds: number;
    /** FLOPs a second of a matrix product, measured. */
    readonly flopsPerSecond: number;
  };
  /**
   * What the run then used, once it ended; null before. The time is that of its stages, without preparing data; of a stage that
   * was killed and resumed only the last part is known.
   */
  readonly used: { readonly peakBytes: number; readonly seconds: number } | null;
}
