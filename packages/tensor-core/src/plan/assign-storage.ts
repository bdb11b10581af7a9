// Gives every value its bytes: leaves in their regions, effects in State, outputs in staging, everything else in the arena at
// an offset that no value alive at the same time uses.
import type { Graph, Leaf, ValueId } from "../graph/graph.ts";
import { type TensorType, typeBytes } from "../type/tensor-type.ts";
import { alignUp, planArena } from "./arena.ts";
import { arenaBlocks } from "./arena-blocks.ts";
import { componentAddresses, endOf } from "./component-addresses.ts";
import type { Address, Plan, PlanRegion, Port } from "./plan.ts";
import type { StorageTarget } from "./storage-target.ts";
import { toDispatch } from "./to-dispatch.ts";

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
  const baseOf = (id: ValueId): ValueId => root.get(id)?.base ?? id;
  const isPlaced = (id: ValueId): boolean => addresses.has(id);
  const { blocks, unshared } = arenaBlocks(graph, steps, { baseOf, isPlaced }, target);
  const arena = planArena(blocks, alignment);
  const region = blocks.length > 0 ? regions.indexOf("arena", "arena", arena.bytes) : -1;
  for (const [index, { values }] of blocks.entries()) {
    for (const id of values) {
      addresses.set(id, componentAddresses(graph.values[id]!.type, region, arena.offsets[index]!, alignment));
    }
  }
  for (const [view, { base, offset }] of root) {
    const bytes = typeBytes(graph.values[view]!.type);
    const [whole] = addresses.get(base)!;
    addresses.set(view, [{ region: whole!.region, offset: whole!.offset + offset, bytes }]);
  }
  return {
    backend: target.backend,
    regions: regions.list(),
    dispatches: graph.nodes.flatMap((node, index) =>
      target.views(node) === undefined ? [toDispatch(graph, index, addresses, target)] : [],
    ),
    inputs,
    outputs,
    graph,
    memory: { arena: blocks.length > 0 ? arena.bytes : 0, staging: staging.bytes(), unshared },
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
