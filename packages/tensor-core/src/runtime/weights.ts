import { AttuneError } from "@attune/spec";
import type { Allocation, Backend } from "../backend/backend.ts";
import { type BytesToRead, writeBytes } from "../backend/write-bytes.ts";
import { alignUp } from "../plan/arena.ts";
import { componentAddresses } from "../plan/component-addresses.ts";
import { formatType, type TensorType } from "../type/tensor-type.ts";
import { encodeValues } from "./buffer-values.ts";
import type { Lifetime } from "./lifetime.ts";
import { lookUp } from "./look-up.ts";

/** Read-only parameters by name. */
export interface Weights {
  /** Uploads a parameter; its components are given in the format's order. One that fails half-way is not there. */
  put(name: string, type: TensorType, components: readonly (Uint8Array | BytesToRead)[]): Promise<void>;
  /** Encodes and uploads values. */
  set(name: string, type: TensorType, values: ArrayLike<number>): Promise<void>;
  type(name: string): TensorType | undefined;
  names(): string[];
  /** The components' bytes, as they were uploaded. */
  read(name: string): Promise<readonly Uint8Array[]>;
  delete(name: string): void;
}

/** A parameter and where it lies. */
export interface NamedWeight {
  readonly type: TensorType;
  readonly allocation: Allocation;
}

/** Weights on a backend, kept in `held`. */
export function createWeights(backend: Backend, held: Map<string, NamedWeight>, lifetime: Lifetime): Weights {
  const { alignment } = backend.capabilities;
  const weights: Weights = {
    async put(name, type, components) {
      lifetime.assertAlive();
      if (held.has(name)) {
        throw new AttuneError("INPUT_INVALID", `Weight "${name}" is already there.`, {
          hint: "Delete it first, or give the new one another name; two models in one runtime have prefixes of their own.",
        });
      }
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
      held.set(name, { type, allocation });
      try {
        for (const [index, { offset }] of places.entries())
          await writeBytes(backend, allocation, offset, components[index]!);
      } catch (error) {
        weights.delete(name);
        throw error;
      }
    },
    async set(name, type, values) {
      await weights.put(name, type, encodeValues(values, type, name));
    },
    type: (name) => held.get(name)?.type,
    names: () => [...held.keys()],
    async read(name) {
      lifetime.assertAlive();
      const { type, allocation } = lookUp(held, "weight", name);
      return Promise.all(
        componentAddresses(type, 0, 0, alignment).map(({ offset, bytes }) => backend.read(allocation, offset, bytes)),
      );
    },
    delete(name) {
      backend.free(lookUp(held, "weight", name).allocation);
      held.delete(name);
    },
  };
  return weights;
}
