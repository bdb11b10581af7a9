// Tracing runs an ordinary function once on symbolic tensors and records the ops it applies.
import { AttuneError } from "@attune/spec";
import type { Attributes, OpDef } from "../op-def/op-def.ts";
import { formatType, sameType, type TensorType, tensorType } from "../type/tensor-type.ts";
import type { Effect, Graph, GraphNode, Leaf, Value, ValueId } from "./graph.ts";
import { symbolicTensor, type Tensor, type TensorHost } from "./tensor.ts";

/** Options of how a stretch of the traced function is treated. */
interface TraceMode {
  readonly scope: string;
  readonly backward: boolean;
  readonly recompute?: number;
}

/** Records a graph. Leaves are asked for by name; the same name gives the same tensor. */
export class Trace implements TensorHost {
  readonly values: Value[] = [];
  readonly nodes: GraphNode[] = [];
  readonly #outputs: { name: string; value: ValueId }[] = [];
  readonly #effects: Effect[] = [];
  readonly #leaves = new Map<string, Tensor>();
  readonly #streams = new Map<string, number>();
  #mode: TraceMode = { scope: "", backward: false };
  #regions = 0;

  /** A read-only parameter. */
  weight(name: string, type: TensorType): Tensor {
    return this.#leaf(`weight:${name}`, { kind: "weight", name }, type);
  }

  /** A range of a State region, starting at `offset` elements. */
  state(region: string, type: TensorType, offset = 0): Tensor {
    return this.#leaf(`state:${region}:${offset}:${formatType(type)}`, { kind: "state", region, offset }, type);
  }

  /** Values that the host writes before each run. */
  input(name: string, type: TensorType): Tensor {
    return this.#leaf(`input:${name}`, { kind: "input", name }, type);
  }

  /** Names a value that the host reads after each run. */
  output(name: string, tensor: Tensor): void {
    if (this.#outputs.some((output) => output.name === name)) {
      throw new AttuneError("INPUT_INVALID", `Output "${name}" is named twice in one trace.`);
    }
    this.#outputs.push({ name, value: this.#own(tensor) });
  }

  /** After every read of `state`, it holds `value`. At most one update of overlapping ranges a plan. */
  update(state: Tensor, value: Tensor): void {
    const target = this.values[this.#own(state)]!;
    if (target.leaf?.kind !== "state") throw new AttuneError("INPUT_INVALID", "Only a State tensor can be updated.");
    if (!sameType(target.type, value.type)) {
      throw new AttuneError(
        "SHAPE_MISMATCH",
        `State ${formatType(target.type)} cannot be updated with ${formatType(value.type)}.`,
      );
    }
    this.#effects.push({ state: target.id, value: this.#own(value) });
  }

  apply(op: OpDef, inputs: readonly Tensor[], attributes: Attributes): readonly Tensor[] {
    const types = op.infer(
      inputs.map((tensor) => tensor.type),
      attributes,
    );
    const outputs = types.map((type) => this.#value(type));
    const { scope, backward, recompute } = this.#mode;
    this.nodes.push({
      op,
      inputs: inputs.map((tensor) => this.#own(tensor)),
      outputs: outputs.map((tensor) => tensor.id),
      attributes,
      scope,
      backward,
      ...(recompute === undefined ? {} : { recompute }),
    });
    return outputs;
  }

  /** Runs `body` with `name` added to the scope path of the nodes it makes. */
  scoped<T>(name: string, body: () => T): T {
    const { scope } = this.#mode;
    return this.#within({ ...this.#mode, scope: scope === "" ? name : `${scope}.${name}` }, body);
  }

  /** Runs `body`; the backward pass computes its inner values again instead of keeping them. */
  recomputed<T>(body: () => T): T {
    return this.#mode.recompute === undefined
      ? this.#within({ ...this.#mode, recompute: this.#regions++ }, body)
      : body();
  }

  /** Runs `body` with its nodes marked as made by autodiff, in the scope of the node they differentiate. */
  asBackward<T>(scope: string, body: () => T): T {
    return this.#within({ scope, backward: true }, body);
  }

  /** A name for a random stream that is unique in this trace: the scope path and a call index. */
  stream(): string {
    const { scope } = this.#mode;
    const index = this.#streams.get(scope) ?? 0;
    this.#streams.set(scope, index + 1);
    return `${scope}#${index}`;
  }

  /** The tensor of a recorded value. */
  tensor(id: ValueId): Tensor {
    const value = this.values[id]!;
    return symbolicTensor(this, id, value.type, this.#mode.scope);
  }

  /** What was recorded, as data. */
  finish(): Graph {
    return { values: this.values, nodes: this.nodes, outputs: this.#outputs, effects: this.#effects };
  }

  #leaf(key: string, leaf: Leaf, type: TensorType): Tensor {
    const known = this.#leaves.get(key);
    if (known === undefined) {
      const made = this.#value(type, leaf);
      this.#leaves.set(key, made);
      return made;
    }
    if (!sameType(known.type, type)) {
      throw new AttuneError(
        "SHAPE_MISMATCH",
        `"${key}" was first used as ${formatType(known.type)}, then as ${formatType(type)}.`,
      );
    }
    return known;
  }

  #value(type: TensorType, leaf?: Leaf): Tensor {
    const id = this.values.length;
    this.values.push({ id, type: tensorType(type.shape, type.dtype, type.format), ...(leaf ? { leaf } : {}) });
    return symbolicTensor(this, id, type, this.#mode.scope);
  }

  #own(tensor: Tensor): ValueId {
    if (tensor.host !== this) throw new AttuneError("INPUT_INVALID", "A tensor of another trace or runtime was used.");
    return tensor.id;
  }

  #within<T>(mode: TraceMode, body: () => T): T {
    const before = this.#mode;
    this.#mode = mode;
    try {
      return body();
    } finally {
      this.#mode = before;
    }
  }
}

/** The trace that made a tensor. @throws AttuneError `INPUT_INVALID` for an eager tensor. */
export function traceOf(tensor: Tensor): Trace {
  if (tensor.host instanceof Trace) return tensor.host;
  throw new AttuneError("INPUT_INVALID", "This works only on symbolic tensors, while a function is traced.");
}
