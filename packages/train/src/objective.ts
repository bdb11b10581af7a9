import type { Contract } from "@attune/spec";
import type { Tensor, TensorType, Trace } from "@attune/tensor-core";
import type { Batch } from "./batch-source.ts";

/** What an objective is given while its loss is traced. */
export interface ObjectiveContext {
  readonly trace: Trace;
  /** The tensors of its batch schema. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** u32 `[4]`: seed, attempted step, micro-batch, 0; for dropout. Absent in evaluation, which drops nothing. */
  readonly random?: Tensor | undefined;
}

/** One named part of a loss: Σ weight · sum / denominator. */
export interface ObjectiveTerm {
  readonly name: string;
  /** One element: the sum over this micro-batch, not its mean. */
  readonly sum: Tensor;
  readonly weight: number;
}

/**
 * What is minimised. Its terms are sums; the host divides them by denominators fixed for the whole optimizer step, so that
 * gradients of micro-batches add up in one buffer to the gradient of the whole batch.
 */
export interface Objective extends Contract<"objective"> {
  /** Types of a micro-batch's inputs. */
  readonly schema: Readonly<Record<string, TensorType>>;
  terms(context: ObjectiveContext): readonly ObjectiveTerm[];
  /** Denominator of each term for one optimizer step, from its micro-batches. */
  denominators(batches: readonly Batch[]): Readonly<Record<string, number>>;
}
