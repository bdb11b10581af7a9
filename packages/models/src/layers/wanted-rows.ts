import { gatherRows, reshape, type Tensor } from "@attune/tensor-core";
import type { Scope } from "../scope.ts";

/**
 * Of hidden states `[B, T, hidden]` those rows `[R, hidden]` that the pass is asked for; all of them where it is asked for none. Behind
 * the last attention no token reads another, so a family takes them there and spares the rest of the block for the others.
 */
export function wantedRows(scope: Scope, x: Tensor): Tensor {
  const { rows } = scope.context ?? {};
  if (rows === undefined) return x;
  const [batch, tokens, hidden] = x.shape as [number, number, number];
  return scope.enter(() => gatherRows(reshape(x, [batch * tokens, hidden]), rows));
}
