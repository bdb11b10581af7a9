// Gives every value its bytes: leaves in their regions, effects in State, outputs in staging, everything else in the arena at
// an offset that no value alive at the same time uses. Then writes the dispatches down.
import type { Capabilities } from "../backend/backend.ts";
import type { Graph, GraphNode, Leaf, ValueId } from "../graph/graph.ts";
import type { KernelDef } from "../kernel/kernel-def.ts";
import { type TensorType, typeBytes } from "../type/tensor-type.ts";
import { type ArenaBlock, alignUp, planArena } from "./arena.ts";
import type { Address, Binding, Dispatch, Plan, PlanRegion, Port } from "./plan.ts";
import { signatureOf } from "./select-kernel.ts";

/** What the backend says about nodes. */
export interface StorageTarget {
  readonly backend: string;
  readonly capabilities: Capabilities;
  /** Inputs and outputs that the kernel of a node may give one range. */
  readonly inPlace: (node: GraphNode) => readonly { readonly input: number; readonly output: number }[];
  /** Byte offsets of a view's outputs, undefined for nodes that move bytes. */
  readonly views: (node: GraphNode) => readonly number[] | undefined;
  readonly kernelOf: (node: GraphNode) => KernelDef | undefined;
}

/** The plan of a scheduled graph. */
export function assignStorage(graph: Graph, target: StorageTarget): Plan {
  const regions = createRegions();
  const { alignment } = target.capabilities;
  const steps = graph.nodes.filter((node) => target.views(node) === undefined);
  const root = viewRoots(graph, target);
  const addresses = new Map<ValueId, readonly Address[]>();
  const staging = createStaging(regions, alignment);
  const inputs: Port[] = [];
  for (const value of graph.values) {
    if (value.leaf?.kind === "input") {
      addresses.set(value.id, staging.place(value.type));
      inputs.push({ name: value.leaf.name, type: value.type, addresses: addresses.get(value.id)! });
    } else if (value.leaf) addresses.set(value.id, leafAddress(value.leaf, value.type, regions, alignment));
  }
  for (const { state, value } of graph.effects) addresses.set(value, addresses.get(state)!);
  const outputs = graph.outputs.map(({ name, value }): Port => {
    addresses.set(value, staging.place(graph.values[value]!.type));
    return { name, type: graph.values[value]!.type, addresses: addresses.get(value)! };
  });
  const arena = placeArena(graph, steps, root, addresses, target, regions);
  for (const [view, { base, offset }] of root) {
    const bytes = typeBytes(graph.values[view]!.type);
    const [whole] = addresses.get(base)!;
    addresses.set(view, [{ region: whole!.region, offset: whole!.offset + offset, bytes }]);
  }
  return {
    backend: target.backend,
    regions: regions.list(),
    dispatches: graph.nodes.flatMap((node, index) =>
      target.views(node) === undefined ? [toDispatch(graph, node, index, addresses, target)] : [],
    ),
    inputs,
    outputs,
    graph,
    memory: { arena: arena.bytes, staging: staging.bytes(), unshared: arena.unshared },
  };
}

interface Regions {
  indexOf(role: PlanRegion["role"], name: string, bytes: number): number;
  list(): PlanRegion[];
}

function createRegions(): Regions {
  const regions: { role: PlanRegion["role"]; name: string; bytes: number }[] = [];
  return {
    indexOf(role, name, bytes) {
      const index = regions.findIndex((region) => region.role === role && region.name === name);
      if (index === -1) return regions.push({ role, name, bytes }) - 1;
      regions[index]!.bytes = Math.max(regions[index]!.bytes, bytes);
      return index;
    },
    list: () => regions,
  };
}

/** Components one after the other, each aligned, from `start`. */
export function componentAddresses(type: TensorType, region: number, start: number, alignment: number): Address[] {
  let offset = start;
  return type.format.components(type.shape).map(({ bytes }) => {
    const address = { region, offset, bytes };
    offset = alignUp(offset + bytes, alignment);
    return address;
  });
}

function endOf(addresses: readonly Address[]): number {
  const last = addresses.at(-1)!;
  return last.offset + last.bytes;
}

function leafAddress(leaf: Leaf, type: TensorType, regions: Regions, alignment: number): Address[] {
  const name = leaf.kind === "state" ? leaf.region : leaf.name;
  const start = leaf.kind === "state" ? leaf.offset * 4 : 0;
  const role = leaf.kind === "state" ? "state" : "weights";
  const placed = componentAddresses(type, 0, start, alignment);
  const region = regions.indexOf(role, name, endOf(placed));
  return placed.map((address) => ({ ...address, region }));
}

function createStaging(regions: Regions, alignment: number): { place(type: TensorType): Address[]; bytes(): number } {
  let used = 0;
  return {
    place(type) {
      const region = regions.indexOf("staging", "staging", 0);
      const placed = componentAddresses(type, region, used, alignment);
      used = alignUp(endOf(placed), alignment);
      regions.indexOf("staging", "staging", used);
      return placed;
    },
    bytes: () => used,
  };
}

/** For every view, the value whose bytes it shows and where in them it starts. */
function viewRoots(graph: Graph, target: StorageTarget): Map<ValueId, { base: ValueId; offset: number }> {
  const roots = new Map<ValueId, { base: ValueId; offset: number }>();
  for (const node of graph.nodes) {
    const offsets = target.views(node);
    if (offsets === undefined) continue;
    const [source] = node.inputs;
    const outer = roots.get(source!) ?? { base: source!, offset: 0 };
    node.outputs.forEach((output, index) => {
      roots.set(output, { base: outer.base, offset: outer.offset + offsets[index]! });
    });
  }
  return roots;
}

interface Block {
  bytes: number;
  first: number;
  last: number;
  readonly values: ValueId[];
}

function placeArena(
  graph: Graph,
  steps: readonly GraphNode[],
  root: ReadonlyMap<ValueId, { base: ValueId }>,
  addresses: Map<ValueId, readonly Address[]>,
  target: StorageTarget,
  regions: Regions,
): { bytes: number; unshared: number } {
  const baseOf = (id: ValueId): ValueId => root.get(id)?.base ?? id;
  const lastRead = new Map<ValueId, number>();
  steps.forEach((node, step) => {
    for (const id of node.inputs) lastRead.set(baseOf(id), step);
  });
  const blockOf = new Map<ValueId, Block>();
  const blocks: Block[] = [];
  let unshared = 0;
  steps.forEach((node, step) => {
    node.outputs.forEach((value, output) => {
      if (addresses.has(value)) return;
      const bytes = endOf(componentAddresses(graph.values[value]!.type, 0, 0, target.capabilities.alignment));
      unshared += bytes;
      const last = Math.max(step, lastRead.get(value) ?? step);
      const shared = inPlaceBlock(node, output, step, bytes, target, baseOf, lastRead, blockOf);
      const block = shared ?? { bytes, first: step, last, values: [] };
      block.last = Math.max(block.last, last);
      block.values.push(value);
      blockOf.set(value, block);
      if (shared === undefined) blocks.push(block);
    });
  });
  const { offsets, bytes } = planArena(blocks as readonly ArenaBlock[], target.capabilities.alignment);
  if (blocks.length > 0) {
    const region = regions.indexOf("arena", "arena", bytes);
    blocks.forEach((block, index) => {
      for (const value of block.values) {
        addresses.set(
          value,
          componentAddresses(graph.values[value]!.type, region, offsets[index]!, target.capabilities.alignment),
        );
      }
    });
  }
  return { bytes: blocks.length > 0 ? bytes : 0, unshared };
}

/** The block of an input that dies here and that the kernel may overwrite with this output. */
function inPlaceBlock(
  node: GraphNode,
  output: number,
  step: number,
  bytes: number,
  target: StorageTarget,
  baseOf: (id: ValueId) => ValueId,
  lastRead: ReadonlyMap<ValueId, number>,
  blockOf: ReadonlyMap<ValueId, Block>,
): Block | undefined {
  for (const pair of target.inPlace(node)) {
    if (pair.output !== output) continue;
    const base = baseOf(node.inputs[pair.input]!);
    const block = blockOf.get(base);
    if (block === undefined || block.bytes !== bytes || block.last !== step || lastRead.get(base) !== step) continue;
    if (node.inputs.filter((id) => blockOf.get(baseOf(id)) === block).length !== 1) continue;
    if (node.outputs.some((made) => blockOf.get(made) === block)) continue;
    return block;
  }
  return undefined;
}

function toDispatch(
  graph: Graph,
  node: GraphNode,
  index: number,
  addresses: ReadonlyMap<ValueId, readonly Address[]>,
  target: StorageTarget,
): Dispatch {
  const signature = signatureOf(node, graph.values);
  const kernel = target.kernelOf(node);
  const operands = [...node.inputs, ...node.outputs];
  const bindings = operands.flatMap((id, operand): Binding[] =>
    addresses
      .get(id)!
      .map((address) => ({ ...address, operand, access: operand < node.inputs.length ? "read" : "write" })),
  );
  const cost = node.op.cost?.(signature.inputs, signature.outputs, node.attributes);
  return {
    op: node.op,
    kernel: kernel?.id ?? "reference",
    attributes: node.attributes,
    inputs: signature.inputs,
    outputs: signature.outputs,
    bindings,
    ...(kernel ? { code: kernel.lower(signature, target.capabilities) } : {}),
    scope: node.scope,
    backward: node.backward,
    node: index,
    flops: cost?.flops ?? 0,
    bytesMoved: cost?.bytes ?? operandBytes(bindings),
  };
}

/** Bytes of all operands, an input that is given twice once. */
function operandBytes(bindings: readonly Binding[]): number {
  const ranges = new Map(bindings.map((each) => [`${each.access} ${each.region}:${each.offset}`, each.bytes]));
  return [...ranges.values()].reduce((sum, bytes) => sum + bytes, 0);
}
