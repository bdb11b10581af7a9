import type { Tensor } from "@attune/tensor-core";

/** One attention call: queries, and the keys and values of the same tokens. */
export interface AttentionCall {
  /** Index of the block. */
  readonly index: number;
  /** `[B, T, heads, D]`, rotated. */
  readonly q: Tensor;
  /** `[B, T, keyValueHeads, D]`, rotated. */
  readonly k: Tensor;
  /** `[B, T, keyValueHeads, D]`. */
  readonly v: Tensor;
  readonly scale: number;
  /** A query sees this many positions back, itself included; 0 for no limit. */
  readonly window: number;
  readonly context: ForwardContext;
}

/** What one forward pass is over. Rows may be packed: tokens of one document see each other only. */
export interface ForwardContext {
  /** `i32 [B, T]`. */
  readonly ids: Tensor;
  /** `i32 [B, T]`, from 0 in each document. */
  readonly positions: Tensor;
  /** `i32 [B, T]`: tokens see earlier tokens of equal document; -1 sees nothing and is seen by nothing. */
  readonly documents?: Tensor | undefined;
  /** `i32 [R]`: of the tokens in order, those whose hidden states are wanted; -1 stands for a row of zeros. Default: all, `[B, T]`. */
  readonly rows?: Tensor | undefined;
  /** Takes the place of plain causal attention, for instance to read a cache. Returns `[B, T, heads, D]`. */
  readonly attend?: ((call: AttentionCall) => Tensor) | undefined;
  /** Takes the place of the model's own rotary tables, each `f32 [positions, D / 2]`. */
  readonly rotary?: { readonly cos: Tensor; readonly sin: Tensor } | undefined;
}
