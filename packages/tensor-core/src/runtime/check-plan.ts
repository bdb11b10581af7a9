// Compares a backend with the float64 interpreter one dispatch at a time, each fed with the values that the backend itself has
// at that point, so that the error of one dispatch never hides in that of another.
//   |actual - exact| <= 4 · eps · sqrt(accumulation) · max|exact|, eps = 2^-23
import type { Allocation, Backend, Executable } from "../backend/backend.ts";
import { interpretNode } from "../interpret/interpret-graph.ts";
import type { Binding, Dispatch, Plan } from "../plan/plan.ts";
import type { TensorType } from "../type/tensor-type.ts";

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
    const found = compare(dispatch, index, expected, actual);
    if (found) return found;
  }
  return undefined;
}

/** Error bound of one output: 4 · eps · sqrt(accumulation) · largest magnitude. */
export function outputTolerance(
  dispatch: Pick<Dispatch, "op" | "inputs" | "attributes">,
  expected: Float64Array,
): number {
  const accumulation = dispatch.op.accumulation?.(dispatch.inputs, dispatch.attributes) ?? 1;
  let scale = 0;
  for (const value of expected) if (Number.isFinite(value)) scale = Math.max(scale, Math.abs(value));
  return 4 * 2 ** -23 * Math.sqrt(Math.max(1, accumulation)) * scale + 1e-30;
}

function compare(
  dispatch: Dispatch,
  index: number,
  expected: readonly Float64Array[],
  actual: readonly Float64Array[],
): Disagreement | undefined {
  for (const [output, exact] of expected.entries()) {
    const tolerance = outputTolerance(dispatch, exact);
    for (let element = 0; element < exact.length; element++) {
      const [wanted, got] = [exact[element]!, actual[output]![element]!];
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
