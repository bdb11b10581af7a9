// Where State updates are written. A node may write a new value straight over the old one if every other reader of the old
// value can come before it; otherwise a copy at the end does.
import { AttuneError } from "@attune/spec";
import {
  consumers,
  type Effect,
  type Graph,
  type GraphNode,
  type Leaf,
  producers,
  type Value,
  type ValueId,
} from "../graph/graph.ts";
import { copyOp } from "../ops/copy.ts";
import { elementCount } from "../type/tensor-type.ts";

/** A graph whose effects are each made by a node of their own, and the extra orderings that this needs. */
export interface PlacedEffects {
  readonly graph: Graph;
  /** Pairs: the first node runs before the second. */
  readonly order: readonly (readonly [GraphNode, GraphNode])[];
}

/** How the kernel of a node shares operands: pairs of input and output that may be one range. */
export type InPlacePairs = (node: GraphNode) => readonly { readonly input: number; readonly output: number }[];

/**
 * Decides for every effect whether its value is written in place.
 *
 * @param isView - true for nodes that move no bytes; their values cannot be placed
 * @throws AttuneError `INPUT_INVALID` for two updates of overlapping State
 */
export function placeEffects(graph: Graph, isView: (node: GraphNode) => boolean, inPlace: InPlacePairs): PlacedEffects {
  assertDisjoint(graph);
  const producer = producers(graph);
  const readersOf = consumers(graph);
  const values: Value[] = [...graph.values];
  const copies: GraphNode[] = [];
  const order: [GraphNode, GraphNode][] = [];
  const taken = new Set<ValueId>(graph.outputs.map((output) => output.value));
  const effects: Effect[] = [];
  for (const effect of graph.effects) {
    if (effect.state === effect.value) continue;
    const readers = stateReaders(graph, effect.state).flatMap((id) => throughViews(id, readersOf, isView));
    const maker = producer.get(effect.value);
    const direct =
      maker !== undefined &&
      !isView(maker) &&
      !taken.has(effect.value) &&
      canOverwrite(graph, maker, effect, readers, inPlace);
    if (direct) {
      taken.add(effect.value);
      effects.push(effect);
      for (const reader of readers) if (reader !== maker) order.push([reader, maker]);
      continue;
    }
    const copy = copyNode(values, effect.value);
    copies.push(copy);
    effects.push({ state: effect.state, value: copy.outputs[0]! });
    for (const reader of readers) order.push([reader, copy]);
  }
  return { graph: { ...graph, values, nodes: [...graph.nodes, ...copies], effects }, order };
}

/** A node that copies `value` into a new one, which is added to `values`. */
export function copyNode(values: Value[], value: ValueId): GraphNode {
  const id = values.length;
  values.push({ id, type: values[value]!.type });
  return { op: copyOp, inputs: [value], outputs: [id], attributes: {}, scope: "", backward: false };
}

function canOverwrite(
  graph: Graph,
  maker: GraphNode,
  effect: Effect,
  readers: readonly GraphNode[],
  inPlace: InPlacePairs,
): boolean {
  const output = maker.outputs.indexOf(effect.value);
  const state = rangeOf(graph, effect.state);
  const overlapping = maker.inputs
    .map((id, index) => (isLeafOver(graph, id, state) ? index : -1))
    .filter((index) => index >= 0);
  const pairs = inPlace(maker);
  if (
    overlapping.some(
      (index) =>
        maker.inputs[index] !== effect.state || !pairs.some((pair) => pair.input === index && pair.output === output),
    )
  )
    return false;
  if (overlapping.length > 1) return false;
  if (readers.includes(maker) && overlapping.length === 0) return false;
  return readers.every((reader) => reader === maker || !dependsOn(graph, reader, maker));
}

/** True if `node` needs, at any distance, a value that `source` makes. */
function dependsOn(graph: Graph, node: GraphNode, source: GraphNode): boolean {
  const reached = new Set<ValueId>(source.outputs);
  const start = graph.nodes.indexOf(source);
  for (let index = start + 1; index < graph.nodes.length; index++) {
    const current = graph.nodes[index]!;
    if (!current.inputs.some((input) => reached.has(input))) continue;
    if (current === node) return true;
    for (const output of current.outputs) reached.add(output);
  }
  return false;
}

/** Every node that reads a value's bytes, also through views of it. */
function throughViews(
  id: ValueId,
  readersOf: ReadonlyMap<ValueId, readonly GraphNode[]>,
  isView: (node: GraphNode) => boolean,
): GraphNode[] {
  return (readersOf.get(id) ?? []).flatMap((reader) =>
    isView(reader) ? reader.outputs.flatMap((output) => throughViews(output, readersOf, isView)) : [reader],
  );
}

interface Range {
  readonly region: string;
  readonly start: number;
  readonly end: number;
}

function rangeOf(graph: Graph, id: ValueId): Range {
  const { leaf, type } = graph.values[id]!;
  const { region, offset } = leaf as Extract<Leaf, { kind: "state" }>;
  return { region, start: offset, end: offset + elementCount(type.shape) };
}

function isLeafOver(graph: Graph, id: ValueId, range: Range): boolean {
  if (graph.values[id]!.leaf?.kind !== "state") return false;
  const other = rangeOf(graph, id);
  return other.region === range.region && other.start < range.end && range.start < other.end;
}

function stateReaders(graph: Graph, state: ValueId): ValueId[] {
  const range = rangeOf(graph, state);
  return graph.values.filter((value) => isLeafOver(graph, value.id, range)).map((value) => value.id);
}

function assertDisjoint(graph: Graph): void {
  const ranges = graph.effects
    .map((effect) => rangeOf(graph, effect.state))
    .sort((a, b) => a.region.localeCompare(b.region) || a.start - b.start);
  for (let index = 1; index < ranges.length; index++) {
    const [before, after] = [ranges[index - 1]!, ranges[index]!];
    if (before.region === after.region && after.start < before.end) {
      throw new AttuneError(
        "INPUT_INVALID",
        `State "${before.region}" is updated twice in one plan: elements ${after.start} to ${Math.min(before.end, after.end)}.`,
        {
          hint: "Combine both updates into one value, or run them in two plans.",
        },
      );
    }
  }
}
