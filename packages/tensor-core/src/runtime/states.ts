import { AttuneError, describeValue } from "@attune/spec";
import type { Allocation, Backend } from "../backend/backend.ts";
import { type BytesToRead, writeBytes } from "../backend/write-bytes.ts";
import { assertDtype, type DType } from "../type/dtype.ts";
import { decodeDense, type HostValues, hostArrays } from "./buffer-values.ts";
import type { Lifetime } from "./lifetime.ts";
import { lookUp } from "./look-up.ts";

/** Ranges that are bound apart start at a multiple of this many elements: 256 bytes, the strictest alignment of a binding. */
export const stateAlignment = 64;

/** Mutable buffers by region name, one dtype each, zero at first. */
export interface States {
  /** Makes a region of so many elements; f32 unless another dtype is given. */
  allocate(region: string, elements: number, dtype?: DType): Promise<void>;
  has(region: string): boolean;
  elements(region: string): number;
  /**
   * Writes from element `offset` on (default 0).
   *
   * @throws AttuneError `DTYPE_MISMATCH` for values of another dtype than the region's, `SHAPE_MISMATCH` for a range outside it
   */
  write(region: string, values: HostValues | BytesToRead, offset?: number): Promise<void>;
  /** Reads so many elements (default all) from element `offset` on. @throws AttuneError `SHAPE_MISMATCH` for a range outside the region */
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
export function createStates(backend: Backend, held: Map<string, NamedState>, lifetime: Lifetime): States {
  return {
    async allocate(region, elements, dtype = "f32") {
      lifetime.assertAlive();
      if (held.has(region)) {
        throw new AttuneError("INPUT_INVALID", `State "${region}" is already there.`, {
          hint: `Free it first, states.free("${region}"), or use another name.`,
        });
      }
      assertDtype(dtype);
      assertCount(elements, `of State "${region}"`);
      const allocation = await backend.allocate("state", Math.max(4, elements * 4));
      held.set(region, { dtype, elements, allocation });
    },
    has: (region) => held.has(region),
    elements: (region) => lookUp(held, "state", region).elements,
    async write(region, values, offset = 0) {
      lifetime.assertAlive();
      const state = lookUp(held, "state", region);
      const bytes = bytesFor(region, values, state.dtype);
      assertRange(region, state, offset, bytes.byteLength / 4);
      await writeBytes(backend, state.allocation, offset * 4, bytes);
    },
    async read(region, offset = 0, elements) {
      lifetime.assertAlive();
      const state = lookUp(held, "state", region);
      const count = elements ?? state.elements - offset;
      assertRange(region, state, offset, count);
      return decodeDense(await backend.read(state.allocation, offset * 4, count * 4), state.dtype);
    },
    free(region) {
      backend.free(lookUp(held, "state", region).allocation);
      held.delete(region);
    },
  };
}

/** The bytes of values that have the region's dtype. */
function bytesFor(region: string, values: HostValues | BytesToRead, dtype: DType): Uint8Array | BytesToRead {
  if (values instanceof hostArrays[dtype]) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if ("readInto" in values) return values;
  const name = ArrayBuffer.isView(values) ? (values as HostValues).constructor.name : describeValue(values);
  throw new AttuneError(
    "DTYPE_MISMATCH",
    `State "${region}" is ${dtype} and takes values as ${hostArrays[dtype].name}, but received ${name}.`,
    { hint: `${hostArrays[dtype].name}.from(values) converts them.` },
  );
}

function assertRange(region: string, { elements }: NamedState, offset: number, count: number): void {
  assertCount(offset, `before the range of State "${region}"`);
  assertCount(count, `in the range of State "${region}"`);
  if (offset + count <= elements) return;
  throw new AttuneError("SHAPE_MISMATCH", `State "${region}" has ${elements} elements, got ${count} at ${offset}.`);
}

function assertCount(count: number, where: string): void {
  if (Number.isSafeInteger(count) && count >= 0) return;
  throw new AttuneError(
    "SHAPE_MISMATCH",
    `Expected the number of elements ${where} to be an integer from 0, but received ${describeValue(count)}.`,
  );
}
