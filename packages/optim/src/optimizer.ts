import type { Contract } from "@attune/spec";
import type { Tensor } from "@attune/tensor-core";

/** A stretch of the flat parameter buffer that shares hyperparameters. */
export interface ParameterSegment {
  readonly start: number;
  readonly length: number;
  /** Row of the hyperparameter table. */
  readonly group: number;
}

/** What a group of parameters differs in from the others. */
export interface ParameterGroup {
  readonly name: string;
  /** Multiplies the schedule's rate (LoRA+ gives B a larger one). */
  readonly learningRateScale: number;
  /** Replaces the optimizer's weight decay; biases and norms have 0. */
  readonly weightDecay?: number | undefined;
}

/** The buffers of one update, all of the same number of elements, and its small inputs. */
export interface UpdateInputs {
  readonly parameters: Tensor;
  readonly gradient: Tensor;
  /** One an entry of `slots`, in that order. */
  readonly slots: readonly Tensor[];
  /** `[groups, numbers of a group]`: what `hyperparameters` gave, the last column times what clips and unscales the gradient. */
  readonly hyperparameters: Tensor;
  /** `[1]`: 0 leaves everything as it was, `where(apply, new, old)`, as the gradient is not finite. */
  readonly apply: Tensor;
  readonly segments: readonly ParameterSegment[];
}

/** An optimizer: which state it keeps, which numbers a step needs, and the update as ops over flat buffers. */
export interface Optimizer extends Contract<"optimizer"> {
  /** Names of the buffers it keeps beside the parameters, each as large as they are. */
  readonly slots: readonly string[];
  /** Plain values that go into the run's configuration. */
  readonly options: Readonly<Record<string, number | boolean>>;
  /**
   * Numbers of one group for one step, as many for every step and group. The last is 1: an update multiplies the gradient by it, as
   * clipping and loss scaling are in it.
   *
   * @param step - applied steps before this one, from 0
   */
  hyperparameters(learningRate: number, group: ParameterGroup, step: number): readonly number[];
  update(inputs: UpdateInputs): { readonly parameters: Tensor; readonly slots: readonly Tensor[] };
}
