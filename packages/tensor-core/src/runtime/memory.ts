// The four roles of memory of a runtime: weights and State by name, one arena and one staging buffer that all programs share.
import { AttuneError } from "@attune/spec";
import type { Allocation, Backend, MemoryRole } from "../backend/backend.ts";
import type { Plan } from "../plan/plan.ts";
import { checkLeaves } from "./check-leaves.ts";
import type { Lifetime } from "./lifetime.ts";
import { lookUp } from "./look-up.ts";
import { createStates, type NamedState, type States } from "./states.ts";
import { createWeights, type NamedWeight, type Weights } from "./weights.ts";

/** Bytes that a runtime holds, by role. */
export type MemoryUse = Readonly<Record<MemoryRole, number>>;

/** Memory of one runtime. */
export interface Memory {
  readonly weights: Weights;
  readonly states: States;
  /** One allocation a region of the plan, the shared ones grown if the plan needs more. */
  bind(plan: Plan): Promise<Allocation[]>;
  use(): MemoryUse;
  dispose(): void;
}

/** Memory on a backend. */
export function createMemory(backend: Backend, lifetime: Lifetime): Memory {
  const weights = new Map<string, NamedWeight>();
  const states = new Map<string, NamedState>();
  const shared = new Map<"arena" | "staging", Allocation>();
  // The weights and State that each plan was last bound to, so that a step compares no types.
  const checked = new WeakMap<Plan, readonly (NamedWeight | NamedState)[]>();
  const check = (plan: Plan, named: readonly (NamedWeight | NamedState)[]): void => {
    if (checked.get(plan)?.every((entry, index) => entry === named[index])) return;
    checkLeaves(plan, weights, states);
    checked.set(plan, named);
  };
  const grow = async (role: "arena" | "staging", bytes: number): Promise<Allocation> => {
    const known = shared.get(role);
    if (known !== undefined && known.bytes >= bytes) return known;
    if (known !== undefined) backend.free(known);
    shared.delete(role);
    const made = await backend.allocate(role, Math.max(4, bytes));
    shared.set(role, made);
    return made;
  };
  return {
    weights: createWeights(backend, weights, lifetime),
    states: createStates(backend, states, lifetime),
    async bind(plan) {
      lifetime.assertAlive();
      const bound: Allocation[] = [];
      const named: (NamedWeight | NamedState)[] = [];
      for (const region of plan.regions) {
        if (region.role === "arena" || region.role === "staging") bound.push(await grow(region.role, region.bytes));
        else {
          const found =
            region.role === "weights" ? lookUp(weights, "weight", region.name) : lookUp(states, "state", region.name);
          if (found.allocation.bytes < region.bytes) {
            throw new AttuneError(
              "SHAPE_MISMATCH",
              `The plan uses ${region.bytes} bytes of ${region.role} "${region.name}", which has ${found.allocation.bytes}.`,
            );
          }
          bound.push(found.allocation);
          named.push(found);
        }
      }
      check(plan, named);
      return bound;
    },
    use() {
      const sum = (allocations: Iterable<Allocation>): number =>
        [...allocations].reduce((total, { bytes }) => total + bytes, 0);
      return {
        weights: sum([...weights.values()].map((weight) => weight.allocation)),
        state: sum([...states.values()].map((state) => state.allocation)),
        arena: shared.get("arena")?.bytes ?? 0,
        staging: shared.get("staging")?.bytes ?? 0,
      };
    },
    dispose() {
      for (const { allocation } of [...weights.values(), ...states.values()]) backend.free(allocation);
      for (const allocation of shared.values()) backend.free(allocation);
      weights.clear();
      states.clear();
      shared.clear();
    },
  };
}
