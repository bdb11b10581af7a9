import { AttuneError } from "@attune/spec";
import type { Plan } from "../plan/plan.ts";
import { formatType, isPlain, sameType } from "../type/tensor-type.ts";
import type { NamedState } from "./states.ts";
import type { NamedWeight } from "./weights.ts";

/**
 * Whether weights and State are what a plan was traced with: bytes of another type would be read as if they were of the plan's.
 *
 * @throws AttuneError `SHAPE_MISMATCH` for a weight of another type, `DTYPE_MISMATCH` for State of another dtype
 */
export function checkLeaves(
  plan: Plan,
  weights: ReadonlyMap<string, NamedWeight>,
  states: ReadonlyMap<string, NamedState>,
): void {
  for (const { leaf, type } of plan.graph.values) {
    if (leaf?.kind === "weight") {
      const held = weights.get(leaf.name);
      if (held === undefined || sameType(held.type, type)) continue;
      throw new AttuneError(
        "SHAPE_MISMATCH",
        `The plan reads weight "${leaf.name}" as ${formatType(type)}, but it was put there as ${formatType(held.type)}.`,
      );
    }
    if (leaf?.kind === "state" && isPlain(type)) {
      const held = states.get(leaf.region);
      if (held === undefined || held.dtype === type.dtype) continue;
      throw new AttuneError(
        "DTYPE_MISMATCH",
        `The plan uses State "${leaf.region}" as ${type.dtype}, but it was allocated as ${held.dtype}.`,
      );
    }
  }
}
