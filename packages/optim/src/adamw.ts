// AdamW: Adam with weight decay apart from the gradient.
//   m = β₁m + (1-β₁)g    v = β₂v + (1-β₂)g²
//   θ = θ - η·λ·θ - η · (m/(1-β₁ᵗ)) / (√(v/(1-β₂ᵗ)) + ε)
// Loshchilov and Hutter, Decoupled Weight Decay Regularization, arXiv 1711.05101.
import { checkOptionKeys } from "@attune/spec";
import { adamw as adamwOp } from "@attune/tensor-core";
import { checkedRange } from "./checked-range.ts";
import type { Optimizer } from "./optimizer.ts";

/** Options of AdamW, with PyTorch's defaults except for the weight decay. */
export interface AdamwOptions {
  /** Decay of the first moment. Default 0.9. */
  readonly beta1?: number | undefined;
  /** Decay of the second moment. Default 0.999. */
  readonly beta2?: number | undefined;
  /** Added to the root of the second moment. Default 1e-8. */
  readonly epsilon?: number | undefined;
  /** Share of each weight that a step removes, times the learning rate. Default 0. */
  readonly weightDecay?: number | undefined;
}

/**
 * AdamW over flat f32 buffers.
 *
 * @throws AttuneError `OPTIONS_INVALID` for a value outside its range, `CONFIG_UNKNOWN_KEY` for an option that there is not
 */
export function adamw(options: AdamwOptions = {}): Optimizer {
  checkOptionKeys("adamw", options, { beta1: true, beta2: true, epsilon: true, weightDecay: true });
  const beta1 = checkedRange("beta1", options.beta1 ?? 0.9, 0, 1);
  const beta2 = checkedRange("beta2", options.beta2 ?? 0.999, 0, 1);
  const epsilon = checkedRange("epsilon", options.epsilon ?? 1e-8, 0, 1);
  const weightDecay = checkedRange("weightDecay", options.weightDecay ?? 0, 0, Number.MAX_VALUE);
  return {
    kind: "optimizer",
    specificationVersion: 1,
    id: "adamw",
    slots: ["firstMoment", "secondMoment"],
    options: { beta1, beta2, epsilon, weightDecay },
    hyperparameters: (learningRate, group, step) => [
      learningRate * group.learningRateScale,
      beta1,
      beta2,
      epsilon,
      group.weightDecay ?? weightDecay,
      1 - beta1 ** (step + 1),
      1 - beta2 ** (step + 1),
      1,
    ],
    update({ parameters, gradient, slots, hyperparameters, apply, segments }) {
      const [updated, firstMoment, secondMoment] = adamwOp(
        { parameters, gradient, firstMoment: slots[0]!, secondMoment: slots[1]!, hyper: hyperparameters, apply },
        { segments: segments.map(({ start, length, group }) => [start, length, group] as const) },
      );
      return { parameters: updated, slots: [firstMoment, secondMoment] };
    },
  };
}
