// A backend for tests: it runs each dispatch by its op's float64 reference over real bytes, rounded to the storage formats, and
// refuses whatever WebGPU would refuse, with the dispatch's name, before the planner meets a real device.
import { AttuneError } from "@attune/spec";
import type { Backend, Capabilities, Dispatch, Executable, Plan } from "@attune/tensor-core";
import { assertBindingRules, violationOf } from "./binding-rules.ts";
import {
  createStrictMemory,
  firstUnwritten,
  isTransient,
  markWritten,
  poison,
  type StrictAllocation,
  strictAllocation,
} from "./strict-memory.ts";

/** Limits; each is WebGPU's default. */
export interface StrictOptions {
  /** Bytes that a binding's offset is a multiple of. Default 256. */
  readonly alignment?: number;
  /** Storage buffers that one dispatch binds. Default 8. */
  readonly maxBindings?: number;
  /** Largest binding in bytes. Default 128 MiB. */
  readonly maxBindingBytes?: number;
  /** Largest allocation in bytes. Default 256 MiB. */
  readonly maxAllocationBytes?: number;
  /** All allocations together, in bytes. Default 4 GiB. */
  readonly maxBytes?: number;
  /** Whether an output may replace an input in place. Default true. */
  readonly inPlace?: boolean;
}

/** A backend that enforces WebGPU's rules. @throws AttuneError `INTERNAL` from `run` for a dispatch that breaks one */
export function createStrictBackend(options: StrictOptions = {}): Backend {
  const {
    alignment = 256,
    maxBindings = 8,
    maxBindingBytes = 2 ** 27,
    maxAllocationBytes = 2 ** 28,
    maxBytes = 2 ** 32,
    inPlace = true,
  } = options;
  const capabilities: Capabilities = {
    alignment,
    maxBindings,
    maxBindingBytes,
    maxAllocationBytes,
    inPlace,
    features: new Set(),
  };
  const memory = createStrictMemory({ maxAllocationBytes, maxBytes });
  let disposed = false;
  return {
    kind: "backend",
    specificationVersion: 1,
    id: "strict",
    capabilities,
    kernels: [],
    interprets: true,
    ...memory,
    async allocate(role, bytes) {
      if (disposed) throw new AttuneError("INTERNAL", "The strict backend was used after it was disposed.");
      return memory.allocate(role, bytes);
    },
    compile: async (plan) => createStrictExecutable(plan, capabilities, () => disposed),
    async dispose() {
      disposed = true;
    },
  };
}

function createStrictExecutable(plan: Plan, capabilities: Capabilities, isDisposed: () => boolean): Executable {
  let released = false;
  return {
    async run(regions, range = { from: 0, to: plan.dispatches.length }) {
      if (released || isDisposed()) throw new AttuneError("INTERNAL", "A plan was run after it was disposed.");
      const bound = regions.map((region) => strictAllocation(region));
      assertRegions(plan, bound);
      if (range.from === 0) for (const each of bound) if (each.role === "arena") poison(each);
      for (let index = range.from; index < range.to; index++)
        runDispatch(plan.dispatches[index]!, index, bound, capabilities);
    },
    dispose() {
      released = true;
    },
  };
}

function assertRegions(plan: Plan, bound: readonly StrictAllocation[]): void {
  plan.regions.forEach((region, index) => {
    const allocation = bound[index];
    if (allocation === undefined || allocation.role !== region.role || allocation.bytes < region.bytes) {
      throw new AttuneError(
        "INTERNAL",
        `Region ${index} of the plan is ${region.bytes} bytes of ${region.role} "${region.name}", bound to ${allocation?.bytes ?? "no"} bytes of ${allocation?.role ?? "anything"}.`,
      );
    }
  });
}

function runDispatch(
  dispatch: Dispatch,
  index: number,
  bound: readonly StrictAllocation[],
  capabilities: Capabilities,
): void {
  assertBindingRules(dispatch, index, bound, capabilities);
  const fail = violationOf(dispatch, index);
  const partsOf = (operand: number): { allocation: StrictAllocation; offset: number; bytes: number }[] =>
    dispatch.bindings
      .filter((binding) => binding.operand === operand)
      .map(({ region, offset, bytes }) => ({ allocation: bound[region]!, offset, bytes }));
  const inputs = dispatch.inputs.map((type, operand) => {
    const parts = partsOf(operand).map(({ allocation, offset, bytes }) => {
      const gap = isTransient(allocation.role) ? firstUnwritten(allocation, { offset, bytes }) : undefined;
      if (gap !== undefined)
        throw fail(
          `reads byte ${gap} of ${allocation.role} as input ${operand}, which nothing has written in this run.`,
        );
      return allocation.data.slice(offset, offset + bytes);
    });
    return type.format.decode(parts, type.shape);
  });
  if (!dispatch.op.reference) throw fail("has no float64 reference to run.");
  const { attributes, inputs: inputTypes, outputs: outputTypes } = dispatch;
  const outputs = dispatch.op.reference(inputs, { attributes, inputTypes, outputTypes });
  outputTypes.forEach((type, output) => {
    if (!type.format.encode)
      throw fail(`makes output ${output} in format "${type.format.id}", which cannot be encoded.`);
    const encoded = type.format.encode(outputs[output]!, type.shape);
    partsOf(inputTypes.length + output).forEach(({ allocation, offset, bytes }, part) => {
      allocation.data.set(encoded[part]!.subarray(0, bytes), offset);
      markWritten(allocation, offset, bytes);
    });
  });
}
