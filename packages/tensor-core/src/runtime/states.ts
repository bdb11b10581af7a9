import { AttuneError } from "@attune/spec";
import type { Allocation, Backend } from "../backend/backend.ts";
import { type BytesToRead, writeBytes } from "../backend/write-bytes.ts";
import type { DType } from "../type/dtype.ts";
import { decodeDense, type HostValues } from "./buffer-values.ts";
import { lookUp } from "./look-up.ts";

/** Ranges that are bound apart start at a multiple of this many elements: 256 bytes, the strictest alignment of a binding. */
export const stateAlignment = 64;

/** Mutable buffers by region name, one dtype each, zero at first. */
export interface States {
  allocate(region: string, elements: number, dtype?: DType): Promise<void>;
  has(region: string): boolean;
  elements(region: string): number;
  /** Writes from element `offset` on (default 0). */
  write(region: string, values: HostValues | BytesToRead, offset?: number): Promise<void>;
  read(region: string, offset?: number, elements?: number): Promise<HostValues>;
  free(region: string): void;
}

/** A region of State and where it lies. */
export interface NamedState {
  readonly dtype: DType;
  readonly elements: number;
  readonly allocation: Allocation;
}

/** State on a backend, kept in `held`. */
export function createStates(backend: Backend, held: Map<string, NamedState>): States {
  return {
    async allocate(region, elements, dtype = "f32") {
      if (held.has(region)) throw new AttuneError("INPUT_INVALID", `State "${region}" is already there.`);
      const allocation = await backend.allocate("state", Math.max(4, elements * 4));
      held.set(region, { dtype, elements, allocation });
    },
    has: (region) => held.has(region),
    elements: (region) => lookUp(held, "state", region).elements,
    async write(region, values, offset = 0) {
      const { allocation, elements } = lookUp(held, "state", region);
      const given = values.byteLength / 4;
      if (offset + given > elements) {
        throw new AttuneError(
          "SHAPE_MISMATCH",
          `State "${region}" has ${elements} elements, got ${given} at ${offset}.`,
        );
      }
      const bytes = "buffer" in values ? new Uint8Array(values.buffer, values.byteOffset, values.byteLength) : values;
      await writeBytes(backend, allocation, offset * 4, bytes);
    },
    async read(region, offset = 0, elements) {
      const state = lookUp(held, "state", region);
      return decodeDense(
        await backend.read(state.allocation, offset * 4, (elements ?? state.elements - offset) * 4),
        state.dtype,
      );
    },
    free(region) {
      backend.free(lookUp(held, "state", region).allocation);
      held.delete(region);
    },
  };
}
