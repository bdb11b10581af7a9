// Next-token prediction: Σ over trained tokens of -log p(token | tokens before it in its document), divided by the number of
// trained tokens of the whole optimizer step. Prompts and replay may be terms of their own: see loss-terms.ts.
import { forwardHidden, languageModelLoss, type Model, modelScope, type SiteVisitor } from "@attune/models";
import { AttuneError, checkOptionKeys, type OptionKeys } from "@attune/spec";
import { fill, mul, sum, type Tensor, tensorType } from "@attune/tensor-core";
import { type LossTermWeights, lossTerms, termInput } from "./loss-terms.ts";
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
  /** Terms beside the task's; batches must be collated with the same `lossTerms`. */
  readonly terms?: LossTermWeights | undefined;
  /** Compute activations of each block again in the backward pass. Default false. */
  readonly recompute?: boolean | undefined;
}

const optionKeys: OptionKeys<CausalLanguageModelingOptions> = {
  model: true,
  visitors: true,
  rows: true,
  blockLength: true,
  headRows: true,
  terms: true,
  recompute: true,
};

/**
 * The objective of pretraining and supervised fine-tuning; batches come from `collateRows`.
 *
 * @throws AttuneError `OPTIONS_INVALID` where rows of the block would need other rotary frequencies than the model was loaded with
 */
export function causalLanguageModeling(options: CausalLanguageModelingOptions): Objective {
  checkOptionKeys("causalLanguageModeling", options, optionKeys);
  const { model, rows, blockLength, headRows, recompute = false, terms: weights = {} } = options;
  assertOneRotation(model, blockLength);
  const block = tensorType([rows, blockLength], "i32");
  const count = headRows ?? rows * blockLength;
  const names = lossTerms(weights);
  const counted = names.length === 1 ? [] : names.map(termInput);
  return {
    kind: "objective",
    specificationVersion: 1,
    id: "causal-language-modeling",
    schema: {
      ids: block,
      positions: block,
      documents: block,
      targets: tensorType([count], "i32"),
      ...(headRows === undefined ? {} : { headRows: tensorType([headRows], "i32") }),
      ...Object.fromEntries(counted.map((name) => [name, tensorType([count])])),
    },
    terms(context) {
      const { trace, inputs } = context;
      const scope = modelScope(trace, model, options.visitors?.(context));
      const hidden = forwardHidden(
        model,
        scope,
        {
          ids: inputs["ids"]!,
          positions: inputs["positions"]!,
          documents: inputs["documents"]!,
          ...(headRows === undefined ? {} : { rows: inputs["headRows"]! }),
        },
        { recompute },
      );
      const { loss, rowLosses } = languageModelLoss(model, scope, {
        hidden,
        targets: inputs["targets"]!,
        denominator: fill(trace, 1, [1]),
      });
      if (names.length === 1) return [{ name: "loss", sum: loss, weight: 1 }];
      return names.map((name) => ({
        name,
        sum: sumOf(rowLosses, inputs[termInput(name)]!),
        weight: name === "loss" ? 1 : weights[name]!,
      }));
    },
    denominators: (batches) =>
      Object.fromEntries(
        names.map((name) => [
          name,
          batches.reduce((total, { termTokens, trainedTokens }) => total + (termTokens?.[name] ?? trainedTokens), 0),
        ]),
      ),
  };
}

/** Σ of the losses that a term counts. */
function sumOf(rowLosses: Tensor, counted: Tensor): Tensor {
  return sum(mul(rowLosses, counted), { axes: [0], keepDims: true });
}

/** Packed rows share one rotary table, so no document of a block may be long enough to need frequencies of its own. */
function assertOneRotation({ config, contextLength }: Model, blockLength: number): void {
  const { stretchesBeyond = Number.POSITIVE_INFINITY } = config;
  if (Math.max(blockLength, contextLength) <= stretchesBeyond) return;
  throw new AttuneError(
    "OPTIONS_INVALID",
    `The model's rotary frequencies change beyond ${stretchesBeyond} tokens; it was loaded for ${contextLength} and blocks have ${blockLength}.`,
    { hint: `Train with blocks and a context of at most ${stretchesBeyond} tokens.` },
  );
}
