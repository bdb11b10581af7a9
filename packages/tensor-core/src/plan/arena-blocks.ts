// Which values of the arena share bytes, and for how long: an output that its kernel may write over an input that dies there goes on in
// that input's block.
import type { Graph, GraphNode, ValueId } from "../graph/graph.ts";
import type { ArenaBlock } from "./arena.ts";
import { componentAddresses, endOf } from "./component-addresses.ts";
import type { StorageTarget } from "./storage-target.ts";

/** Bytes that one value has after the other. */
export interface ValueBlock extends ArenaBlock {
  readonly values: readonly ValueId[];
}

/** What is known of the values before they are placed. */
export interface ArenaValues {
  /** The value whose bytes a view shows; of other values themselves. */
  baseOf(id: ValueId): ValueId;
  /** Whether a value has its place already, outside the arena. */
  isPlaced(id: ValueId): boolean;
}

interface GrowingBlock {
  readonly bytes: number;
  readonly first: number;
  last: number;
  readonly values: ValueId[];
}

/** What the steps so far tell of lifetimes. */
interface Lifetimes {
  readonly baseOf: ArenaValues["baseOf"];
  /** The last step that reads a value, or a view of it. */
  readonly lastRead: ReadonlyMap<ValueId, number>;
  readonly blockOf: ReadonlyMap<ValueId, GrowingBlock>;
}

/** The blocks of all values that the steps make, in order, and the bytes of these values together. */
export function arenaBlocks(
  graph: Graph,
  steps: readonly GraphNode[],
  { baseOf, isPlaced }: ArenaValues,
  target: StorageTarget,
): { readonly blocks: readonly ValueBlock[]; readonly unshared: number } {
  const lastRead = new Map<ValueId, number>();
  steps.forEach((node, step) => {
    for (const id of node.inputs) lastRead.set(baseOf(id), step);
  });
  const blockOf = new Map<ValueId, GrowingBlock>();
  const lifetimes: Lifetimes = { baseOf, lastRead, blockOf };
  const blocks: GrowingBlock[] = [];
  let unshared = 0;
  steps.forEach((node, step) => {
    node.outputs.forEach((value, output) => {
      if (isPlaced(value)) return;
      const bytes = endOf(componentAddresses(graph.values[value]!.type, 0, 0, target.capabilities.alignment));
      unshared += bytes;
      const last = Math.max(step, lastRead.get(value) ?? step);
      const inputs = inputsInPlace(node, output, target);
      const shared = inputs.map((input) => dyingBlock(node, input, { step, bytes }, lifetimes)).find(Boolean);
      const block = shared ?? { bytes, first: step, last, values: [] };
      block.last = Math.max(block.last, last);
      block.values.push(value);
      blockOf.set(value, block);
      if (shared === undefined) blocks.push(block);
    });
  });
  return { blocks, unshared };
}

/** Inputs that the kernel of a node may overwrite with this output. */
function inputsInPlace(node: GraphNode, output: number, target: StorageTarget): readonly ValueId[] {
  return target.inPlace(node).flatMap((pair) => (pair.output === output ? [node.inputs[pair.input]!] : []));
}

/** The block of an input of so many bytes that dies in this step, and that no other operand of the node lies in. */
function dyingBlock(
  node: GraphNode,
  input: ValueId,
  { step, bytes }: { readonly step: number; readonly bytes: number },
  { baseOf, lastRead, blockOf }: Lifetimes,
): GrowingBlock | undefined {
  const base = baseOf(input);
  const block = blockOf.get(base);
  if (block === undefined || block.bytes !== bytes || block.last !== step || lastRead.get(base) !== step)
    return undefined;
  if (node.inputs.filter((id) => blockOf.get(baseOf(id)) === block).length !== 1) return undefined;
  return node.outputs.some((made) => blockOf.get(made) === block) ? undefined : block;
}
