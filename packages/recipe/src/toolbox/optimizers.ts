import { booleanOption, numberOption, optionSchema } from "@attune/data-core";
import { adamw, type Optimizer, sgd } from "@attune/optim";

/** Makes an optimizer of unchecked options. @throws AttuneError `CONFIG_UNKNOWN_KEY` or `OPTIONS_INVALID` */
export type OptimizerFactory = (options: unknown) => Optimizer;

const share = { minimum: 0, maximum: 1 };
const adamwOptions = optionSchema("adamw", {
  beta1: numberOption(0.9, share),
  beta2: numberOption(0.999, share),
  epsilon: numberOption(1e-8, share),
  weightDecay: numberOption(0, { minimum: 0 }),
});
const sgdOptions = optionSchema("sgd", {
  momentum: numberOption(0, share),
  dampening: numberOption(0, share),
  nesterov: booleanOption(false),
  weightDecay: numberOption(0, { minimum: 0 }),
});

/** The optimizers of `@attune/optim` by id. */
export const optimizerFactories: ReadonlyMap<string, OptimizerFactory> = new Map<string, OptimizerFactory>([
  ["adamw", (options) => adamw(adamwOptions.parse(options))],
  ["sgd", (options) => sgd(sgdOptions.parse(options))],
]);
