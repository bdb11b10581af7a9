// Next-token prediction: Σ over trained tokens of -log p(token | tokens before it in its document), divided by the number of
// trained tokens of the whole optimizer step.
import { forwardHidden, languageModelLoss, type Model, modelScope, type SiteVisitor } from "@attune/models";
import { fill, tensorType } from "@attune/tensor-core";
import type { Objective, ObjectiveContext } from "./objective.ts";

/** What is trained, and on how large a batch. */
export interface CausalLanguageModelingOptions {
  readonly model: Model;
  /** Adapters and observers, made anew for each trace: dropout is given the step's random state. */
  readonly visitors?: ((context: ObjectiveContext) => readonly SiteVisitor[]) | undefined;
  readonly rows: number;
  readonly blockLength: number;
  /** As in `BatchShape`: only positions with a target go through the head. */
  readonly headRows?: number | undefined;
  /** Compute activations of each block again in the backward pass. Default false. */
  readonly recompute?: boolean | undefined;
}

/** The objective of pretraining and supervised fine-tuning; batches come from `collateRows`. */
export function causalLanguageModeling(options: CausalLanguageModelingOptions): Objective {
  const { model, rows, blockLength, headRows, recompute = false } = options;
  const block = tensorType([rows, blockLength], "i32");
  return {
    kind: "objective",
    specificationVersion: 1,
    id: "causal-language-modeling",
    schema: {
      ids: block,
      positions: block,
      documents: block,
      targets: tensorType([headRows ?? rows * blockLength], "i32"),
      ...(headRows === undefined ? {} : { headRows: tensorType([headRows], "i32") }),
    },
    terms(context) {
      const { trace, inputs } = context;
      const scope = modelScope(trace, model, options.visitors?.(context));
      const hidden = forwardHidden(
        model,
        scope,
        { ids: inputs["ids"]!, positions: inputs["positions"]!, documents: inputs["documents"]! },
        { recompute },
      );
      const { loss } = languageModelLoss(model, scope, {
        hidden,
        targets: inputs["targets"]!,
        denominator: fill(trace, 1, [1]),
        ...(headRows === undefined ? {} : { rows: inputs["headRows"]! }),
      });
      return [{ name: "loss", sum: loss, weight: 1 }];
    },
    denominators: (batches) => ({ loss: batches.reduce((sum, batch) => sum + batch.trainedTokens, 0) }),
  };
}
