import type { ParameterSource } from "@attune/models";
import type { Trace } from "@attune/tensor-core";
import type { AdapterLossTerm } from "./adapter-method.ts";
import type { AttachedAdapter } from "./attach-adapters.ts";
import { traceAdapter } from "./read-tensors.ts";

/** Terms of several adapters, named `<adapter>.<term>`; empty for methods without any. */
export type AdapterLossTerms = readonly AdapterLossTerm[];

/** The terms that adapters add to the loss of a micro-batch. */
export function traceLossTerms(
  adapters: readonly AttachedAdapter[],
  trace: Trace,
  placement: ParameterSource,
): AdapterLossTerms {
  return adapters.flatMap((adapter) => {
    if (adapter.method.lossTerms === undefined) return [];
    const terms = adapter.method.lossTerms(traceAdapter(adapter, placement, trace));
    return terms.map((term) => ({ ...term, name: `${adapter.name}.${term.name}` }));
  });
}
