// A backend without kernels, for the tests of this package: allocations are byte arrays, dispatches run their op's reference.
import type { Allocation, Backend } from "../src/backend/backend.ts";
import type { Dispatch, Plan } from "../src/plan/plan.ts";

interface Bytes extends Allocation {
  readonly data: Uint8Array;
}

export interface ReferenceOptions {
  readonly alignment?: number;
  readonly inPlace?: boolean;
}

/** Interprets plans on real byte offsets, rounded to the storage formats. */
export function createReferenceBackend({ alignment = 64, inPlace = true }: ReferenceOptions = {}): Backend {
  const bytesOf = (allocation: Allocation): Uint8Array => (allocation as Bytes).data;
  return {
    kind: "backend",
    specificationVersion: 1,
    id: "reference",
    capabilities: {
      alignment,
      maxBindingBytes: 2 ** 31,
      maxBindings: 16,
      maxAllocationBytes: 2 ** 31,
      inPlace,
      features: new Set(),
    },
    kernels: [],
    interprets: true,
    allocate: async (role, bytes) => ({ role, bytes, data: new Uint8Array(bytes) }) as Bytes,
    free() {},
    async write(allocation, offset, bytes) {
      bytesOf(allocation).set(bytes, offset);
    },
    read: async (allocation, offset, bytes) => bytesOf(allocation).slice(offset, offset + bytes),
    compile: async (plan) => ({
      async run(regions, range = { from: 0, to: plan.dispatches.length }) {
        for (const dispatch of plan.dispatches.slice(range.from, range.to))
          runDispatch(plan, dispatch, regions.map(bytesOf));
      },
      dispose() {},
    }),
    async dispose() {},
  };
}

function runDispatch(plan: Plan, dispatch: Dispatch, regions: readonly Uint8Array[]): void {
  const partsOf = (operand: number): Uint8Array[] =>
    dispatch.bindings
      .filter((binding) => binding.operand === operand)
      .map(({ region, offset, bytes }) => regions[region]!.subarray(offset, offset + bytes));
  const inputs = dispatch.inputs.map((type, operand) => type.format.decode(partsOf(operand), type.shape));
  if (!dispatch.op.reference) throw new Error(`${dispatch.op.id} has no reference in plan of ${plan.backend}`);
  const { attributes, inputs: inputTypes, outputs: outputTypes } = dispatch;
  const outputs = dispatch.op.reference(inputs, { attributes, inputTypes, outputTypes });
  outputTypes.forEach((type, index) => {
    const encoded = type.format.encode!(outputs[index]!, type.shape);
    partsOf(dispatch.inputs.length + index).forEach((target, part) => {
      target.set(encoded[part]!.subarray(0, target.byteLength));
    });
  });
}
