// Stochastic gradient descent with momentum, as PyTorch defines it.
//   g = g + λθ    b = μb + (1-τ)g  (b = g at the first step)    θ = θ - η·(g + μb  if nesterov, else b)
// Sutskever et al., On the importance of initialization and momentum in deep learning, ICML 2013.
import { AttuneError, checkOptionKeys } from "@attune/spec";
import { sgd as sgdOp } from "@attune/tensor-core";
import { checkedRange } from "./checked-range.ts";
import type { Optimizer } from "./optimizer.ts";

/** Options of SGD, with PyTorch's defaults. */
export interface SgdOptions {
  /** Share of the last step that is taken again. Default 0. */
  readonly momentum?: number | undefined;
  /** Default 0. */
  readonly dampening?: number | undefined;
  /** Looks ahead along the momentum. Default false. */
  readonly nesterov?: boolean | undefined;
  /** Added to the gradient, times the parameter. Default 0. */
  readonly weightDecay?: number | undefined;
}

/**
 * SGD over flat f32 buffers.
 *
 * @throws AttuneError `CONFIG_UNKNOWN_KEY` for an option that there is not, `OPTIONS_INVALID` for a value outside its range, or nesterov without momentum
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  checkOptionKeys("sgd", options, { momentum: true, dampening: true, nesterov: true, weightDecay: true });
  const { nesterov = false } = options;
  const momentum = checkedRange("momentum", options.momentum ?? 0, 0, 1);
  const dampening = checkedRange("dampening", options.dampening ?? 0, 0, 1);
  const weightDecay = checkedRange("weightDecay", options.weightDecay ?? 0, 0, Number.MAX_VALUE);
  if (nesterov && (momentum === 0 || dampening !== 0)) {
    throw new AttuneError("OPTIONS_INVALID", "Nesterov momentum needs a momentum above 0 and no dampening.", {
      details: { key: "nesterov" },
    });
  }
  return {
    kind: "optimizer",
    specificationVersion: 1,
    id: "sgd",
    slots: ["momentum"],
    options: { momentum, dampening, nesterov, weightDecay },
    hyperparameters: (learningRate, group, step) => [
      learningRate * group.learningRateScale,
      momentum,
      dampening,
      group.weightDecay ?? weightDecay,
      step === 0 ? 1 : 0,
      0,
      0,
      1,
    ],
    update({ parameters, gradient, slots, hyperparameters, apply, segments }) {
      const [updated, buffer] = sgdOp(
        { parameters, gradient, momentum: slots[0]!, hyper: hyperparameters, apply },
        { segments: segments.map(({ start, length, group }) => [start, length, group] as const), nesterov },
      );
      return { parameters: updated, slots: [buffer] };
    },
  };
}
