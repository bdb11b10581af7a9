// Float64 values of a traced program over a sample's inputs.
import { type Graph, interpretGraph, multipliesOperands, type OpDef, Trace } from "@attune/tensor-core";
import { type AnySample, cotangentValues, recordGradients, recordOutputs } from "./sample-program.ts";
import type { ProgramRoundings } from "./tolerance.ts";

/** Float64 values of the outputs of the op, in order. */
export function exactOutputs(op: OpDef, sample: AnySample, inputs: readonly Float64Array[]): readonly Float64Array[] {
  return interpret(
    graphOf((trace) => recordOutputs(trace, op, sample)),
    inputs,
  );
}

/** Float64 gradients with respect to the differentiable inputs, in their order, and what gathers in each. */
export function exactGradients(
  op: OpDef,
  sample: AnySample,
  inputs: readonly Float64Array[],
): { readonly values: readonly Float64Array[]; readonly gathered: ProgramRoundings } {
  const graph = graphOf((trace) => recordGradients(trace, op, sample));
  return { values: interpret(graph, inputs), gathered: roundingsOf(graph) };
}

function graphOf(record: (trace: Trace) => void): Graph {
  const trace = new Trace();
  record(trace);
  return trace.finish();
}

function interpret(graph: Graph, inputs: readonly Float64Array[]): Float64Array[] {
  const values = interpretGraph(graph, ({ leaf, type }) => {
    const name = leaf!.kind === "state" ? leaf!.region : leaf!.name;
    const index = Number(/\d+$/.exec(name)![0]);
    return name.startsWith("cotangent") ? Float64Array.from(cotangentValues(index, type.shape)) : inputs[index]!;
  });
  return graph.outputs.map(({ value }) => values.get(value) ?? inputs[0]!);
}

function roundingsOf(graph: Graph): ProgramRoundings {
  const roundings = graph.nodes.reduce((total, node) => {
    const types = node.inputs.map((id) => graph.values[id]!.type);
    return total + (node.op.accumulation?.(types, node.attributes) ?? 1);
  }, 0);
  return { roundings, products: graph.nodes.filter(({ op }) => multipliesOperands(op)).length };
}
