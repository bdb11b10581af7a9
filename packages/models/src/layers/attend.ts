import { attention, type Tensor } from "@attune/tensor-core";
import type { AttentionCall } from "../forward-context.ts";

/** Causal attention over the tokens of the pass, within documents; or what the pass puts in its place. */
export function attend(call: AttentionCall): Tensor {
  const { context, q, k, v, scale, window } = call;
  if (context.attend) return context.attend(call);
  const { documents } = context;
  const within = documents ? { queryDocuments: documents, keyDocuments: documents } : {};
  return attention({ q, k, v }, { causal: true, scale, window, ...within });
}
