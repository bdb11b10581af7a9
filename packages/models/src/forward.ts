import type { Tensor } from "@attune/tensor-core";
import type { ForwardContext } from "./forward-context.ts";
import { wantedRows } from "./layers/wanted-rows.ts";
import type { Model } from "./model.ts";
import type { Scope } from "./scope.ts";

/** Options of a forward pass. */
export interface ForwardOptions {
  /** The backward pass computes the insides of blocks again instead of keeping them. Default false. */
  readonly recompute?: boolean | undefined;
}

/** Hidden states after the final norm: `[B, T, hidden]`, or `[R, hidden]` of the rows that the context asks for. */
export function forwardHidden(
  model: Pick<Model, "family" | "config">,
  scope: Scope,
  context: ForwardContext,
  { recompute = false }: ForwardOptions = {},
): Tensor {
  const { family, config } = model;
  const pass = scope.during(context);
  let x = family.embed(pass, config, context.ids);
  for (let index = 0; index < config.blockCount; index++) {
    const block = (): Tensor => family.block(pass, config, index, x);
    x = recompute ? scope.trace.recomputed(block) : block();
  }
  const isWhole = x.shape.length === context.ids.shape.length + 1;
  return family.finish(pass, config, isWhole ? wantedRows(pass, x) : x);
}

/** Logits `[B, T, vocabulary]` or `[R, vocabulary]`, all at once: for short inputs. Training goes through `languageModelLoss`. */
export function forwardLogits(model: Pick<Model, "family" | "config">, scope: Scope, context: ForwardContext): Tensor {
  return model.family.head(scope, model.config, forwardHidden(model, scope, context));
}
