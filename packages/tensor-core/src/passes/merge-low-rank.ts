// Low-rank updates of a product, as adapters make them, go into its weight where that is less work:
//   x·Wᵀ + s·(x·Aᵀ)·Bᵀ = x·(W + s·B·A)ᵀ   and, on the way back,   dy·W + (s·dy·B)·A = dy·(W + s·B·A)
// The sum of weights is made once a run and read by both. With T rows of x, W [n, k] and rank r the products on the left take 2·T·r·(n + k)
// operations less in exchange for 2·n·k·r and a pass over the weight: worth it for many rows and a rank that is not tiny. Gradients of
// A and B go through x·Aᵀ and dy·B as before. A weight that is stored in another format than f32 is never expanded, and plans without a
// backward pass are left alone: there the bits of a row shall not depend on how many rows share its run.
import { type Graph, type GraphNode, observedValues, producers, type Value, type ValueId } from "../graph/graph.ts";
import type { Attributes } from "../op-def/op-def.ts";
import type { ScalarExpression } from "../op-def/scalar-expression.ts";
import { type LinearAttributes, linearOp } from "../ops/linear/linear.ts";
import { elementCount, sameShape } from "../type/tensor-type.ts";
import { expressionOf, isAddition } from "./match-pointwise.ts";

/** Operations that a core does while it moves one element of a weight to memory and back. */
const passFlops = 96;

/** Worth of the products that are saved, as a multiple of what the sum of weights costs: it also takes memory. */
const leastGain = 2;

/** A product and its update, two terms of a sum. */
interface Update {
  readonly product: GraphNode;
  readonly term: ValueId;
  /** `left · right` is the update of the weight: [n, r] and [r, k]. */
  readonly left: ValueId;
  readonly right: ValueId;
  /** The scaling of what has few features; undefined where there is none. */
  readonly scale: GraphNode | undefined;
  /** Attributes of a product without transposes and epilogue. */
  readonly plain: Attributes;
  readonly key: string;
}

/** A sum of products, and the updates found in it. */
interface Sum {
  readonly root: GraphNode;
  readonly terms: readonly ValueId[];
  readonly updates: readonly Update[];
}

/** Puts low-rank updates into weights where that saves work. */
export function mergeLowRank(graph: Graph): Graph {
  if (!graph.nodes.some((node) => node.backward)) return graph;
  const search = createSearch(graph);
  const sums = graph.nodes.filter(search.isRoot).map((root) => search.sumOf(root));
  const worthwhile = chooseUpdates(
    graph,
    sums.flatMap(({ updates }) => updates),
  );
  const rewritten = new Map(
    sums
      .map((sum) => ({ ...sum, updates: sum.updates.filter(({ key }) => worthwhile.has(key)) }))
      .filter(({ updates }) => updates.length > 0)
      .map((sum) => [sum.root, sum] as const),
  );
  if (rewritten.size === 0) return graph;
  const values: Value[] = [...graph.values];
  const merged = new Map<string, ValueId>();
  const nodes = graph.nodes.flatMap((node) => {
    const sum = rewritten.get(node);
    return sum === undefined ? [node] : rewriteSum(values, merged, sum);
  });
  return { ...graph, values, nodes };
}

/** Finds sums and the updates in them. */
function createSearch(graph: Graph): { isRoot(node: GraphNode): boolean; sumOf(root: GraphNode): Sum } {
  const producer = producers(graph);
  const observed = observedValues(graph);
  const uses = new Map<ValueId, number>();
  for (const node of graph.nodes) for (const input of node.inputs) uses.set(input, (uses.get(input) ?? 0) + 1);
  const single = (value: ValueId): boolean => uses.get(value) === 1 && !observed.has(value);
  const shapeOf = (value: ValueId): readonly number[] => graph.values[value]!.type.shape;
  const adds = (node: GraphNode | undefined): node is GraphNode =>
    node !== undefined &&
    isAddition(node) &&
    node.inputs.every((id) => sameShape(shapeOf(id), shapeOf(node.outputs[0]!)));
  const continues = (value: ValueId, root: GraphNode): GraphNode | undefined => {
    const node = producer.get(value);
    return adds(node) && single(value) && node.recompute === root.recompute && node.backward === root.backward
      ? node
      : undefined;
  };
  const termsOf = (node: GraphNode, root: GraphNode): ValueId[] =>
    node.inputs.flatMap((id) => {
      const inner = continues(id, root);
      return inner === undefined ? [id] : termsOf(inner, root);
    });
  const inner = new Set(
    graph.nodes.filter(adds).flatMap((node) => node.inputs.filter((id) => continues(id, node) !== undefined)),
  );
  const productOf = (value: ValueId): GraphNode | undefined => {
    const node = producer.get(value);
    return node?.op.id === linearOp.id && isBare(node) ? node : undefined;
  };
  return {
    isRoot: (node) => adds(node) && !inner.has(node.outputs[0]!),
    sumOf(root) {
      const terms = termsOf(root, root);
      const products = terms.filter(single).flatMap((term) => productOf(term) ?? []);
      const taken = new Set<GraphNode>();
      const updates = products.flatMap((second) => {
        const scaled = producer.get(second.inputs[0]!);
        const scale = scaled !== undefined && scaleOf(scaled) !== undefined ? scaled : undefined;
        const first = productOf(scale?.inputs[0] ?? second.inputs[0]!);
        if (first === undefined || taken.has(second)) return [];
        const product = products.find(
          (node) => node !== second && !taken.has(node) && isUpdate(graph, node, first, second),
        );
        if (product === undefined) return [];
        taken.add(second).add(product);
        const [left, right] = first.attributes["transposeB"] ? [second, first] : [first, second];
        const operands = { left: left.inputs[1]!, right: right.inputs[1]! };
        const factor = scale === undefined ? 1 : scaleOf(scale);
        const key = `${product.inputs[1]}+${factor}*${operands.left}*${operands.right}`;
        const plain = { ...second.attributes, transposeB: false };
        return [{ product, term: second.outputs[0]!, ...operands, scale, plain, key }];
      });
      return { root, terms, updates };
    },
  };
}

/** A product without residual and activation whose a is not transposed. */
function isBare({ attributes }: GraphNode): boolean {
  const { transposeA, residual, activation } = attributes as LinearAttributes;
  return !transposeA && !residual && activation === "";
}

/** The factor of a multiplication by a constant. */
function scaleOf(node: GraphNode): number | undefined {
  const expression = expressionOf(node);
  if (expression?.kind !== "call" || expression.name !== "mul" || node.inputs.length !== 1) return undefined;
  return expression.arguments.find((part): part is ScalarExpression & { kind: "constant" } => part.kind === "constant")
    ?.value;
}

/** Whether `first` and `second`, one after the other, read the same x as `product` and transpose alike. */
function isUpdate({ values }: Graph, product: GraphNode, first: GraphNode, second: GraphNode): boolean {
  const weight = values[product.inputs[1]!]!.type;
  const transposed = product.attributes["transposeB"];
  return (
    product.inputs[0] === first.inputs[0] &&
    weight.format.id === "f32" &&
    [first, second].every(
      ({ inputs, attributes }) =>
        inputs.length === 2 && attributes["transposeB"] === transposed && values[inputs[1]!]!.type.format.id === "f32",
    )
  );
}

/** Keys of the sums of weights that save more than they cost. */
function chooseUpdates({ values }: Graph, updates: readonly Update[]): ReadonlySet<string> {
  const balance = new Map<string, { gain: number; cost: number }>();
  for (const { product, left, right, key } of updates) {
    const [n, rank] = values[left]!.type.shape as [number, number];
    const k = values[right]!.type.shape[1]!;
    const rows = elementCount(values[product.outputs[0]!]!.type.shape) / (product.attributes["transposeB"] ? n : k);
    const saved = 2 * rank * rows * (product.attributes["transposeB"] ? n : k);
    const { gain } = balance.get(key) ?? { gain: 0 };
    balance.set(key, { gain: gain + saved, cost: n * k * (2 * rank + passFlops) });
  }
  return new Set([...balance].filter(([, { gain, cost }]) => gain >= leastGain * cost).map(([key]) => key));
}

/** The nodes that take the place of a sum's last addition; what they leave unread is dead code. */
function rewriteSum(values: Value[], merged: Map<string, ValueId>, { root, terms, updates }: Sum): GraphNode[] {
  const made: GraphNode[] = [];
  const emit = (node: Omit<GraphNode, "outputs">, type: Value["type"]): ValueId => {
    const id = values.length;
    values.push({ id, type });
    made.push({ ...node, outputs: [id] });
    return id;
  };
  const typeOf = (id: ValueId): Value["type"] => values[id]!.type;
  const weightOf = ({ product, left, right, scale, plain, key }: Update): ValueId => {
    const known = merged.get(key);
    if (known !== undefined) return known;
    const weight = product.inputs[1]!;
    const scaled = scale === undefined ? right : emit({ ...root, ...pick(scale), inputs: [right] }, typeOf(right));
    const update = emit({ ...root, op: product.op, inputs: [left, scaled], attributes: plain }, typeOf(weight));
    const sum = emit({ ...root, inputs: [weight, update] }, typeOf(weight));
    merged.set(key, sum);
    return sum;
  };
  const replaced = new Map<ValueId, ValueId>();
  for (const update of updates) {
    const { product } = update;
    const [output] = product.outputs;
    replaced.set(output!, emit({ ...product, inputs: product.inputs.with(1, weightOf(update)) }, typeOf(output!)));
  }
  const dropped = new Set(updates.map(({ term }) => term));
  const left = terms.filter((term) => !dropped.has(term)).map((term) => replaced.get(term) ?? term);
  const [first, ...others] = left as [ValueId, ...ValueId[]];
  const total = others.reduce((sum, term) => emit({ ...root, inputs: [sum, term] }, typeOf(root.outputs[0]!)), first);
  return made.map((node) => (node.outputs[0] === total ? { ...node, outputs: root.outputs } : node));
}

const pick = ({ op, attributes }: GraphNode): Pick<GraphNode, "op" | "attributes"> => ({ op, attributes });
