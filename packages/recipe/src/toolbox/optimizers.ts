import { option, optionSchema } from "@attune/data-core";
import { adamw, type Optimizer, sgd } from "@attune/optim";
import { booleanField, numberField } from "@attune/spec";

/** Makes an optimizer of unchecked options. @throws AttuneError `CONFIG_UNKNOWN_KEY` or `OPTIONS_INVALID` */
export type OptimizerFactory = (options: unknown) => Optimizer;

const share = numberField({ minimum: 0, maximum: 1 });
const decay = numberField({ minimum: 0 });
const adamwOptions = optionSchema("the optimizer adamw", {
  beta1: option(share, 0.9),
  beta2: option(share, 0.999),
  epsilon: option(share, 1e-8),
  weightDecay: option(decay, 0),
});
const sgdOptions = optionSchema("the optimizer sgd", {
  momentum: option(share, 0),
  dampening: option(share, 0),
  nesterov: option(booleanField, false),
  weightDecay: option(decay, 0),
});

/** The optimizers of `@attune/optim` by id. */
export const optimizerFactories: ReadonlyMap<string, OptimizerFactory> = new Map<string, OptimizerFactory>([
  ["adamw", (options) => adamw(adamwOptions.parse(options))],
  ["sgd", (options) => sgd(sgdOptions.parse(options))],
]);
