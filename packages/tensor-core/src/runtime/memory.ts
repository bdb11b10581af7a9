// The four roles of memory of a runtime: weights and State by name, one arena and one staging buffer that all programs share.
import { AttuneError } from "@attune/spec";
import type { Allocation, Backend, MemoryRole } from "../backend/backend.ts";
import { alignUp } from "../plan/arena.ts";
import { componentAddresses } from "../plan/assign-storage.ts";
import type { Plan } from "../plan/plan.ts";
import type { DType } from "../type/dtype.ts";
import { formatType, type TensorType } from "../type/tensor-type.ts";
import { decodeDense, encodeValues, type HostValues } from "./buffer-values.ts";

/** Bytes that a runtime holds, by role. */
export type MemoryUse = Readonly<Record<MemoryRole, number>>;

/** Read-only parameters by name. */
export interface Weights {
  /** Uploads a parameter; its components are given in the format's order. */
  put(name: string, type: TensorType, components: readonly Uint8Array[]): Promise<void>;
  /** Encodes and uploads values. */
  set(name: string, type: TensorType, values: ArrayLike<number>): Promise<void>;
  type(name: string): TensorType | undefined;
  names(): string[];
  /** The components' bytes, as they were uploaded. */
  read(name: string): Promise<readonly Uint8Array[]>;
  delete(name: string): void;
}

/** Mutable buffers by region name, one dtype each, zero at first. */
export interface States {
  allocate(region: string, elements: number, dtype?: DType): Promise<void>;
  has(region: string): boolean;
  elements(region: string): number;
  write(region: string, values: HostValues, offset?: number): Promise<void>;
  read(region: string, offset?: number, elements?: number): Promise<HostValues>;
  free(region: string): void;
}

/** Memory of one runtime. */
export interface Memory {
  readonly weights: Weights;
  readonly states: States;
  /** One allocation a region of the plan, the shared ones grown if the plan needs more. */
  bind(plan: Plan): Promise<Allocation[]>;
  use(): MemoryUse;
  dispose(): void;
}

interface NamedWeight {
  readonly type: TensorType;
  readonly allocation: Allocation;
}

interface NamedState {
  readonly dtype: DType;
  readonly elements: number;
  readonly allocation: Allocation;
}

/** Memory on a backend. */
export function createMemory(backend: Backend): Memory {
  const weights = new Map<string, NamedWeight>();
  const states = new Map<string, NamedState>();
  const shared = new Map<"arena" | "staging", Allocation>();
  const { alignment } = backend.capabilities;
  const lookUp = <T>(map: ReadonlyMap<string, T>, kind: string, name: string): T => {
    const found = map.get(name);
    if (found === undefined) {
      throw new AttuneError("ID_UNKNOWN", `There is no ${kind} "${name}" in this runtime.`, {
        hint: `Known: ${[...map.keys()].slice(0, 8).join(", ") || "none"}.`,
      });
    }
    return found;
  };
  const weightBook: Weights = {
    async put(name, type, components) {
      if (weights.has(name)) throw new AttuneError("INPUT_INVALID", `Weight "${name}" is already there.`);
      const places = componentAddresses(type, 0, 0, alignment);
      const last = places.at(-1)!;
      places.forEach((place, index) => {
        const given = components[index]?.byteLength ?? 0;
        if (given > place.bytes || given < place.bytes - 3) {
          throw new AttuneError(
            "SHAPE_MISMATCH",
            `Weight "${name}" is ${formatType(type)}: component ${index} has ${place.bytes} bytes, got ${given}.`,
          );
        }
      });
      const allocation = await backend.allocate("weights", alignUp(Math.max(4, last.offset + last.bytes), 4));
      weights.set(name, { type, allocation });
      for (const [index, place] of places.entries()) await backend.write(allocation, place.offset, components[index]!);
    },
    async set(name, type, values) {
      await weightBook.put(name, type, encodeValues(values, type, name));
    },
    type: (name) => weights.get(name)?.type,
    names: () => [...weights.keys()],
    async read(name) {
      const { type, allocation } = lookUp(weights, "weight", name);
      return Promise.all(
        componentAddresses(type, 0, 0, alignment).map(({ offset, bytes }) => backend.read(allocation, offset, bytes)),
      );
    },
    delete(name) {
      backend.free(lookUp(weights, "weight", name).allocation);
      weights.delete(name);
    },
  };
  const stateBook: States = {
    async allocate(region, elements, dtype = "f32") {
      if (states.has(region)) throw new AttuneError("INPUT_INVALID", `State "${region}" is already there.`);
      const allocation = await backend.allocate("state", Math.max(4, elements * 4));
      states.set(region, { dtype, elements, allocation });
    },
    has: (region) => states.has(region),
    elements: (region) => lookUp(states, "state", region).elements,
    async write(region, values, offset = 0) {
      const { allocation, elements } = lookUp(states, "state", region);
      if (offset + values.length > elements) {
        throw new AttuneError(
          "SHAPE_MISMATCH",
          `State "${region}" has ${elements} elements, got ${values.length} at ${offset}.`,
        );
      }
      await backend.write(allocation, offset * 4, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    },
    async read(region, offset = 0, elements) {
      const state = lookUp(states, "state", region);
      return decodeDense(
        await backend.read(state.allocation, offset * 4, (elements ?? state.elements - offset) * 4),
        state.dtype,
      );
    },
    free(region) {
      backend.free(lookUp(states, "state", region).allocation);
      states.delete(region);
    },
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
    weights: weightBook,
    states: stateBook,
    async bind(plan) {
      const bound: Allocation[] = [];
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
        }
      }
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
