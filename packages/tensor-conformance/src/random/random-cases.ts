// Random programs against float64. The bound of an output: changing every op's result by a random part of a rounding, up to
// 2^-24 of each element, moves the output by d (stochastic arithmetic; Vignes, Math. Comput. Simul. 35, 1993). A kernel that
// gathers K roundings moves it by about sqrt(K) as much:
//   |actual - exact| ≤ 8 · sqrt(K) · (d + eps · max|exact|),   eps = 2^-23, K the largest accumulation in the graph.
// Where products round their operands to f16, 8 times what moving those by up to 2^-10 does comes on top.
import {
  createRandomSequence,
  type Graph,
  interpretNode,
  multipliesOperands,
  operandsOfProducts,
  type Runtime,
  Trace,
  type ValueId,
} from "@attune/tensor-core";
import type { ConformanceCase } from "../conformance-case.ts";
import { roundToFormat } from "../sample-values.ts";
import { assertClose, assertSameBits } from "../tolerance.ts";
import { recordRandomProgram } from "./random-program.ts";

/** One case a seed: output and gradients against float64, twice to the same bits. */
export function randomCases(runtimeOf: () => Promise<Runtime>, seeds: readonly number[]): ConformanceCase[] {
  return seeds.map((seed) => ({
    group: "random programs",
    name: `seed ${seed}`,
    run: async () => checkRandomProgram(seed, await runtimeOf()),
  }));
}

async function checkRandomProgram(seed: number, runtime: Runtime): Promise<void> {
  const trace = new Trace();
  const { story, leaves } = recordRandomProgram(trace, seed);
  const graph = trace.finish();
  const stored = new Map(leaves.map(({ tensor, type, values }) => [tensor.id, roundToFormat(type, values)]));
  const exact = evaluate(graph, stored, {});
  const random = createRandomSequence(seed, "roundings");
  const changedBy = (size: number) => (values: Float64Array) =>
    values.map((x) => x * (1 + 2 * size * (random.uniform() - 0.5)));
  const changed = evaluate(graph, stored, { result: changedBy(2 ** -24) });
  const half = operandsOfProducts(runtime.backend.capabilities) === "f16";
  const halved = half ? evaluate(graph, stored, { operand: changedBy(2 ** -10) }) : exact;
  const weights = leaves.filter(({ name }) => name.startsWith("weight"));
  for (const { name, type, values } of weights) await runtime.weights.set(name, type, values);
  const program = await runtime.compile((again) => {
    recordRandomProgram(again, seed);
  });
  try {
    const inputs = Object.fromEntries(leaves.map(({ name, values }) => [name, values]));
    const given = Object.fromEntries(program.plan.inputs.map(({ name }) => [name, inputs[name]!]));
    const [first, second] = [await program.run(given), await program.run(given)];
    const roundings = Math.sqrt(largestAccumulation(graph));
    for (const { name, value } of graph.outputs) {
      const subject = { op: "random program", sample: `seed ${seed}, ${story}`, value: name };
      const wanted = exact.get(value)!;
      const moved = (by: typeof changed): number =>
        largest(wanted.map((element, index) => element - by.get(value)![index]!));
      const sums = 8 * roundings * (moved(changed) + 2 ** -23 * largest(wanted)) + 1e-30;
      assertClose(subject, first[name]!, wanted, sums + 8 * moved(halved));
      assertSameBits(subject, first[name]!, second[name]!);
    }
  } finally {
    program.dispose();
    for (const { name } of weights) runtime.weights.delete(name);
  }
}

/** Changes the f32 results of ops, or the operands of products. */
interface Change {
  readonly result?: (values: Float64Array) => Float64Array;
  readonly operand?: (values: Float64Array) => Float64Array;
}

function evaluate(
  graph: Graph,
  leaves: ReadonlyMap<ValueId, Float64Array>,
  { result, operand }: Change,
): ReadonlyMap<ValueId, Float64Array> {
  const values = new Map(leaves);
  for (const node of graph.nodes) {
    const changes = operand !== undefined && multipliesOperands(node.op);
    const inputs = node.inputs.map((id, index) => (changes && index < 2 ? operand(values.get(id)!) : values.get(id)!));
    interpretNode(node, graph.values, inputs).forEach((output, index) => {
      const id = node.outputs[index]!;
      values.set(id, result !== undefined && graph.values[id]!.type.dtype === "f32" ? result(output) : output);
    });
  }
  return values;
}

function largestAccumulation({ nodes, values }: Graph): number {
  return nodes.reduce((most, { op, inputs, attributes }) => {
    const types = inputs.map((id) => values[id]!.type);
    return Math.max(most, op.accumulation?.(types, attributes) ?? 1);
  }, 1);
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
