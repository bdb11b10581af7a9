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
import { copyOp } from "../ops/shape/copy.ts";
import { elementCount } from "../type/tensor-type.ts";

/** A graph whose effects are each made by a node of their own, and the extra orderings that this needs. */
export interface PlacedEffects {
  readonly graph: Graph;
  /** Pairs: the first node runs before the second. */
  readonly order: readonly (readonly [GraphNode, GraphNode])[];
}

/** True for nodes that move no bytes. */
export type IsView = (node: GraphNode, values: readonly Value[]) => boolean;

/** How the kernel of a node shares operands: pairs of input and output that may be one range. */
export type InPlacePairs = (
  node: GraphNode,
  values: readonly Value[],
) => readonly { readonly input: number; readonly output: number }[];

/**
 * Decides for every effect whether its value is written in place.
 *
 * @param isView - true for nodes that move no bytes; their values cannot be placed
 * @throws AttuneError `INPUT_INVALID` for two updates of overlapping State
 */
export function placeEffects(traced: Graph, isView: IsView, inPlace: InPlacePairs): PlacedEffects {
  assertDisjoint(traced);
  const graph = withoutLeafValues(traced, isView);
  const producer = producers(graph);
  const readersOf = consumers(graph);
  const values: Value[] = [...graph.values];
  const copies: GraphNode[] = [];
  const order: [GraphNode, GraphNode][] = [];
  const taken = new Set<ValueId>(graph.outputs.map((output) => output.value));
  const effects: Effect[] = [];
  for (const effect of graph.effects) {
    const readers = stateReaders(graph, effect.state).flatMap((id) =>
      throughViews(id, readersOf, (node) => isView(node, values)),
    );
    const maker = producer.get(effect.value);
    const direct =
      maker !== undefined &&
      !isView(maker, values) &&
      !taken.has(effect.value) &&
      canOverwrite(graph, maker, effect, inPlace) &&
      !isReachable(maker, readers, readersOf, order);
    const writer = direct ? maker : copyNode(values, effect.value);
    if (direct) taken.add(effect.value);
    else copies.push(writer);
    effects.push({ state: effect.state, value: direct ? effect.value : writer.outputs[0]! });
    for (const reader of readers) if (reader !== writer) order.push([reader, writer]);
  }
  return { graph: { ...graph, values, nodes: [...graph.nodes, ...copies], effects }, order };
}

/**
 * A State that takes over the value of a leaf, or of a view of one, takes a copy of it: that copy is made before any State is
 * written, so that two States can also be swapped. A State that keeps its value is no effect.
 */
function withoutLeafValues(graph: Graph, isView: IsView): Graph {
  const producer = producers(graph);
  const values: Value[] = [...graph.values];
  const copies: GraphNode[] = [];
  const showsLeaf = (id: ValueId): boolean => {
    const maker = producer.get(id);
    return maker === undefined || (isView(maker, values) && showsLeaf(maker.inputs[0]!));
  };
  const effects = graph.effects
    .filter((effect) => effect.state !== effect.value)
    .map((effect) => {
      if (!showsLeaf(effect.value)) return effect;
      const [first, second] = [copyNode(values, effect.value), copyNode(values, values.length - 1)];
      copies.push(first, second);
      return { state: effect.state, value: second.outputs[0]! };
    });
  return { ...graph, values, nodes: [...graph.nodes, ...copies], effects };
}

/** A node that copies `value` into a new one, which is added to `values`. */
export function copyNode(values: Value[], value: ValueId): GraphNode {
  const id = values.length;
  values.push({ id, type: values[value]!.type });
  return { op: copyOp, inputs: [value], outputs: [id], attributes: {}, scope: "", backward: false };
}

/** True if the maker does not read the State's range, or reads it in a way that its kernel may overwrite. */
function canOverwrite(graph: Graph, maker: GraphNode, effect: Effect, inPlace: InPlacePairs): boolean {
  const output = maker.outputs.indexOf(effect.value);
  const range = rangeOf(graph, effect.state);
  const reads = maker.inputs.flatMap((id, index) => (isLeafOver(graph, id, range) ? [index] : []));
  if (reads.length === 0) return true;
  const [index] = reads;
  return (
    reads.length === 1 &&
    maker.inputs[index!] === effect.state &&
    inPlace(maker, graph.values).some((pair) => pair.input === index && pair.output === output)
  );
}

/** True if one of the readers must run after the maker, by data flow or by an ordering already decided. */
function isReachable(
  maker: GraphNode,
  readers: readonly GraphNode[],
  readersOf: ReadonlyMap<ValueId, readonly GraphNode[]>,
  order: readonly (readonly [GraphNode, GraphNode])[],
): boolean {
  const reached = new Set<GraphNode>();
  const queue = [maker];
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    const next = [
      ...node.outputs.flatMap((output) => readersOf.get(output) ?? []),
      ...order.flatMap(([before, after]) => (before === node ? [after] : [])),
    ];
    for (const successor of next) {
      if (reached.has(successor)) continue;
      reached.add(successor);
      queue.push(successor);
    }
  }
  return readers.some((reader) => reader !== maker && reached.has(reader));
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
