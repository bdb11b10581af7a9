import type { Tensor, TensorType, Trace } from "@attune/tensor-core";

/** Where the values of a parameter are while a function is traced. */
export type ParameterPlacement =
  /** A read-only weight of the runtime, in any storage format. */
  | { readonly kind: "weight"; readonly name: string; readonly type: TensorType }
  /** A range of a State region: a trained f32 master. */
  | { readonly kind: "state"; readonly region: string; readonly offset: number; readonly type: TensorType };

/** Placements by parameter name; tied names have the placement of what they are tied to. */
export type ParameterSource = ReadonlyMap<string, ParameterPlacement>;

/** The values of a parameter, in a trace. */
export function readPlacement(trace: Trace, placement: ParameterPlacement): Tensor {
  return placement.kind === "weight"
    ? trace.weight(placement.name, placement.type)
    : trace.state(placement.region, placement.type, placement.offset);
}
