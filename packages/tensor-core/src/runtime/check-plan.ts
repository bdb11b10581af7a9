// Compares a backend with the float64 interpreter one dispatch at a time, each fed with the values that the backend itself has
// at that point, so that the error of one dispatch never hides in that of another.
// `errorBounds` says how far it may be.
import type { Allocation, Backend, Executable } from "../backend/backend.ts";
import { operandsOfProducts } from "../backend/half-products.ts";
import { errorBounds } from "../op-def/error-bound.ts";
import type { Binding, Dispatch, Plan } from "../plan/plan.ts";
import type { TensorType } from "../type/tensor-type.ts";
import { interpretNode } from "./interpret-graph.ts";

/** The first dispatch whose values differ from the float64 reference by more than its tolerance. */
export interface Disagreement {
  readonly dispatch: number;
  readonly op: string;
  readonly scope: string;
  readonly output: number;
  readonly element: number;
  readonly expected: number;
  readonly actual: number;
  readonly tolerance: number;
}

/** Runs the plan step by step; undefined if every dispatch agrees. */
export async function checkDispatches(
  plan: Plan,
  backend: Backend,
  executable: Executable,
  regions: readonly Allocation[],
): Promise<Disagreement | undefined> {
  for (const [index, dispatch] of plan.dispatches.entries()) {
    const inputs = await readOperands(dispatch, 0, dispatch.inputs, backend, regions);
    await executable.run(regions, { from: index, to: index + 1 });
    const actual = await readOperands(dispatch, dispatch.inputs.length, dispatch.outputs, backend, regions);
    const expected = interpretNode(plan.graph.nodes[dispatch.node]!, plan.graph.values, inputs);
    const bounds = errorBounds(dispatch, inputs, expected, operandsOfProducts(backend.capabilities));
    const found = compare(dispatch, index, expected, actual, bounds);
    if (found) return found;
  }
  return undefined;
}

function compare(
  dispatch: Dispatch,
  index: number,
  expected: readonly Float64Array[],
  actual: readonly Float64Array[],
  bounds: readonly Float64Array[],
): Disagreement | undefined {
  for (const [output, exact] of expected.entries()) {
    for (let element = 0; element < exact.length; element++) {
      const [wanted, got, tolerance] = [exact[element]!, actual[output]![element]!, bounds[output]![element]!];
      if (Object.is(wanted, got) || Math.abs(wanted - got) <= tolerance || (Number.isNaN(wanted) && Number.isNaN(got)))
        continue;
      return {
        dispatch: index,
        op: dispatch.op.id,
        scope: dispatch.scope,
        output,
        element,
        expected: wanted,
        actual: got,
        tolerance,
      };
    }
  }
  return undefined;
}

async function readOperands(
  dispatch: Dispatch,
  first: number,
  types: readonly TensorType[],
  backend: Backend,
  regions: readonly Allocation[],
): Promise<Float64Array[]> {
  return Promise.all(
    types.map(async (type, position) => {
      const parts = dispatch.bindings.filter((binding: Binding) => binding.operand === first + position);
      const bytes = await Promise.all(
        parts.map((part) => backend.read(regions[part.region]!, part.offset, part.bytes)),
      );
      return type.format.decode(bytes, type.shape);
    }),
  );
}
