// The order in which nodes run: program order, except that a ready node which does not raise the number of live bytes runs at
// once. A chunk of the loss head therefore goes backward straight after its forward, and the whole logits never exist.
import type { Graph, GraphNode, ValueId } from "../graph/graph.ts";
import { typeBytes } from "../type/tensor-type.ts";

/** Increases below this share of the largest value count as none, so that scalars do not hold back large frees. */
const slackShare = 0.01;

/** What the scheduler has to know of a backend's treatment of a node. */
export interface ScheduleHints {
  /** Views make no bytes of their own. */
  readonly isView: (node: GraphNode) => boolean;
  /** Values that live outside the arena: written to State or staging. */
  readonly placed: ReadonlySet<ValueId>;
  /** Orderings beside data flow. */
  readonly order: readonly (readonly [GraphNode, GraphNode])[];
  /** False keeps program order wherever the orderings allow it. */
  readonly reorder: boolean;
}

/** Reorders the nodes of a graph. */
export function scheduleNodes(graph: Graph, hints: ScheduleHints): Graph {
  const position = new Map(graph.nodes.map((node, index) => [node, index]));
  const { successors, waiting } = dependencies(graph, position, hints.order);
  const live = createLiveness(graph, hints, (node) => waiting[position.get(node)!] === 0);
  const ready: number[] = [];
  waiting.forEach((count, index) => {
    if (count === 0) ready.push(index);
  });
  const scheduled: GraphNode[] = [];
  while (ready.length > 0) {
    const slot = hints.reorder ? pickReady(ready, (index) => live.increase(graph.nodes[index]!)) : 0;
    const [index] = ready.splice(slot, 1);
    const node = graph.nodes[index!]!;
    live.run(node);
    scheduled.push(node);
    for (const next of successors[index!]!) {
      waiting[next]!--;
      if (waiting[next] === 0) insertSorted(ready, next);
    }
  }
  return { ...graph, nodes: scheduled };
}

/** The first ready node that frees at least what it takes, else the first. */
function pickReady(ready: readonly number[], increase: (index: number) => number): number {
  const free = ready.findIndex((index) => increase(index) <= 0);
  return free === -1 ? 0 : free;
}

function insertSorted(sorted: number[], value: number): void {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  sorted.splice(low, 0, value);
}

function dependencies(
  graph: Graph,
  position: ReadonlyMap<GraphNode, number>,
  order: ScheduleHints["order"],
): { successors: number[][]; waiting: number[] } {
  const maker = new Map<ValueId, number>();
  graph.nodes.forEach((node, index) => {
    for (const output of node.outputs) maker.set(output, index);
  });
  const successors = graph.nodes.map(() => new Set<number>());
  graph.nodes.forEach((node, index) => {
    for (const input of node.inputs) {
      const source = maker.get(input);
      if (source !== undefined) successors[source]!.add(index);
    }
  });
  for (const [before, after] of order) successors[position.get(before)!]!.add(position.get(after)!);
  const waiting = new Array<number>(graph.nodes.length).fill(0);
  for (const set of successors) for (const next of set) waiting[next]!++;
  return { successors: successors.map((set) => [...set]), waiting };
}

/**
 * Counts bytes that are alive, views following the value whose bytes they show. A value counts as freed by its last reader, or
 * in halves by its last two if both could run now: the gradients of a product's two operands free its cotangent together.
 */
function createLiveness(
  graph: Graph,
  { isView, placed }: ScheduleHints,
  isReady: (node: GraphNode) => boolean,
): { increase(node: GraphNode): number; run(node: GraphNode): void } {
  const root = new Map<ValueId, ValueId>();
  const rootOf = (id: ValueId): ValueId => root.get(id) ?? id;
  const readers = new Map<ValueId, Set<GraphNode>>();
  for (const node of graph.nodes)
    if (isView(node)) for (const output of node.outputs) root.set(output, rootOf(node.inputs[0]!));
  for (const node of graph.nodes) {
    for (const id of node.inputs.map(rootOf)) readers.set(id, (readers.get(id) ?? new Set()).add(node));
  }
  const pinned = new Set([...graph.outputs.map((output) => rootOf(output.value)), ...placed]);
  const bytesOf = (id: ValueId): number =>
    graph.values[id]!.leaf || placed.has(id) ? 0 : typeBytes(graph.values[id]!.type);
  const slack =
    slackShare * graph.values.reduce((most, value) => (value.leaf ? most : Math.max(most, typeBytes(value.type))), 0);
  const inputRoots = (node: GraphNode): ValueId[] => [...new Set(node.inputs.map(rootOf))];
  const shareOf = (id: ValueId): number => {
    const remaining = [...readers.get(id)!];
    return pinned.has(id) || remaining.length > 2 || !remaining.every(isReady) ? 0 : bytesOf(id) / remaining.length;
  };
  return {
    increase(node) {
      if (isView(node)) return 0;
      const made = node.outputs.reduce((sum, output) => sum + bytesOf(output), 0);
      const freed = inputRoots(node).reduce((sum, id) => sum + shareOf(id), 0);
      return made - freed - slack;
    },
    run(node) {
      for (const id of inputRoots(node)) readers.get(id)!.delete(node);
    },
  };
}
