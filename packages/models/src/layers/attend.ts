import { attention, type Tensor } from "@attune/tensor-core";
import type { AttentionCall } from "../forward-context.ts";

/** Attention of a block: what the pass puts in its place, or causal attention over its tokens. */
export function attend(call: AttentionCall): Tensor {
  return call.context.attend ? call.context.attend(call) : attendTokens(call);
}

/** Causal attention over the tokens of a pass, within its documents. */
export function attendTokens({ context: { documents }, q, k, v, scale, window }: AttentionCall): Tensor {
  const within = documents ? { queryDocuments: documents, keyDocuments: documents } : {};
  return attention({ q, k, v }, { causal: true, scale, window, ...within });
}
