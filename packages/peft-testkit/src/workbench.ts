// What the checks share: a tiny model in a runtime, one batch, adapters with values that are not their first ones.
import {
  forwardHidden,
  languageModelLoss,
  type Model,
  modelScope,
  type Scope,
  type SiteVisitor,
  shiftLabels,
} from "@attune/models";
import {
  type AdapterMethod,
  type AdapterRequest,
  type Adapters,
  attachAdapters,
  initialiseAdapters,
  type PlacedAdapters,
  placeForInference,
  type VisitorOptions,
} from "@attune/peft-core";
import type { JsonObject } from "@attune/spec";
import {
  add,
  type Backend,
  createRandomSequence,
  createRuntime,
  mul,
  type Runtime,
  type Tensor,
  type Trace,
  tensorType,
} from "@attune/tensor-core";
import { interpretTrace } from "./interpret-trace.ts";
import { createTinyModel } from "./tiny-model.ts";

/** Rows of the batch of all checks. */
export const rows = 3;
const tokens = 5;

/** The batch of all checks; the last row ends in padding, some labels do not count. */
const ids = Int32Array.from([1, 5, 9, 13, 17, 21, 2, 6, 10, 14, 18, 22, 3, 0, 0]);
const documents = Int32Array.from(ids, (_, index) => (index >= 13 ? -1 : 0));
const labels = Int32Array.from(ids, (id, index) => (index >= 13 || index % 4 === 0 ? -100 : id));
const targets = shiftLabels(labels, tokens);

/** Inputs of `traceLogits`. */
export const logitsInputs: Readonly<Record<string, ArrayLike<number>>> = {
  ids,
  positions: Int32Array.from(ids, (_, index) => index % tokens),
  documents,
};

/** Inputs of `traceLoss`. */
export const lossInputs: Readonly<Record<string, ArrayLike<number>>> = {
  ...logitsInputs,
  targets,
  denominator: [targets.filter((target) => target !== -100).length],
};

/** Logits of one row of the batch, without padding. */
export function rowOf(logits: ArrayLike<number>, row: number): number[] {
  const width = logits.length / rows;
  const kept =
    (documents.slice(row * tokens, (row + 1) * tokens).filter((document) => document === 0).length / tokens) * width;
  return Array.from({ length: kept }, (_, index) => logits[row * width + index]!);
}

/** Logits of all rows, without padding. */
export function tokensOf(logits: ArrayLike<number>): number[] {
  return Array.from({ length: rows }, (_, row) => rowOf(logits, row)).flat();
}

/** The hidden states of the batch, and the scope they were made in. */
function traceHidden(
  trace: Trace,
  model: Model,
  visitors: readonly SiteVisitor[],
  recompute: boolean,
): { hidden: Tensor; scope: Scope } {
  const input = (name: string): Tensor => trace.input(name, tensorType([rows, tokens], "i32"));
  const context = { ids: input("ids"), positions: input("positions"), documents: input("documents") };
  const scope = modelScope(trace, model, visitors);
  return { hidden: forwardHidden(model, scope, context, { recompute }), scope };
}

/** Records the output `logits`. */
export function traceLogits(trace: Trace, model: Model, visitors: readonly SiteVisitor[]): void {
  const { hidden, scope } = traceHidden(trace, model, visitors, false);
  trace.output("logits", model.family.head(scope, model.config, hidden));
}

/** Records the mean loss over the labels. */
export function traceLoss(trace: Trace, model: Model, visitors: readonly SiteVisitor[], recompute = false): Tensor {
  const { hidden, scope } = traceHidden(trace, model, visitors, recompute);
  return languageModelLoss(model, scope, {
    hidden,
    targets: trace.input("targets", tensorType([rows * tokens], "i32")),
    denominator: trace.input("denominator", tensorType([1])),
  }).loss;
}

/** Loss of a batch with what active adapters add to it. */
export function withAdapterTerms(
  loss: Tensor,
  adapters: Adapters,
  trace: Trace,
  placed: Pick<PlacedAdapters, "placement">,
): Tensor {
  return adapters
    .lossTerms(trace, placed.placement)
    .reduce((sum, { value, weight }) => add(sum, mul(value, weight)), loss);
}

/** A tiny model in a runtime, and adapters on it. */
export interface Workbench {
  readonly runtime: Runtime;
  readonly model: Model;
  readonly adapters: Adapters;
  /** First values of all adapters. */
  readonly initial: ReadonlyMap<string, Float32Array>;
  /** The first values with noise on what is trained, as after training. */
  readonly values: ReadonlyMap<string, Float32Array>;
  restoreBase(): Promise<void>;
  /** Logits in float64. */
  logits(visitors?: readonly SiteVisitor[]): Promise<Float64Array>;
  /** Logits of the backend. */
  run(visitors?: readonly SiteVisitor[]): Promise<ArrayLike<number>>;
  place(values?: ReadonlyMap<string, Float32Array>): Promise<PlacedAdapters>;
  /** Visitors of placed adapters. */
  visit(placed: PlacedAdapters, options?: VisitorOptions): readonly SiteVisitor[];
  dispose(): Promise<void>;
}

/** What a workbench is made of. */
export interface WorkbenchOptions {
  readonly backend: () => Backend;
  readonly config?: JsonObject | undefined;
}

/** Sets up one adapter a name. */
export async function createWorkbench(
  method: AdapterMethod,
  options: unknown,
  { backend, config }: WorkbenchOptions,
  names: readonly string[] = ["default"],
): Promise<Workbench> {
  const runtime = createRuntime({ backend: backend() });
  const model = await createTinyModel(runtime, config);
  const requests: AdapterRequest[] = names.map((name) => ({ name, method, options }));
  const adapters = attachAdapters(model, requests);
  const data = (): {
    rows: number;
    length: number;
    ids: Int32Array;
    positions: ArrayLike<number>;
    documents: Int32Array;
  }[] => [{ rows, length: tokens, ids, positions: logitsInputs["positions"]!, documents }];
  const { values: initial, restoreBase } = await initialiseAdapters(runtime, model, adapters, { seed: 7, data });
  return {
    runtime,
    model,
    adapters,
    initial,
    values: perturbed(adapters, initial),
    restoreBase,
    async logits(visitors = []) {
      const outputs = await interpretTrace(runtime, (trace) => traceLogits(trace, model, visitors)).run(logitsInputs);
      return outputs["logits"]!;
    },
    async run(visitors = []) {
      const program = await runtime.compile((trace) => traceLogits(trace, model, visitors));
      const { logits } = await program.run(logitsInputs);
      program.dispose();
      return logits!;
    },
    place: (values = initial) => placeForInference(runtime, adapters, values),
    visit: (placed, visitorOptions) => adapters.visitors(placed.placement, visitorOptions),
    dispose: () => runtime.dispose(),
  };
}

/** Noise in proportion to the values, on trained parameters alone. */
function perturbed(adapters: Adapters, values: ReadonlyMap<string, Float32Array>): ReadonlyMap<string, Float32Array> {
  const made = new Map(values);
  for (const { name, role } of adapters.parameters) {
    if (role !== "trained") continue;
    const random = createRandomSequence(3, name);
    made.set(
      name,
      values.get(name)!.map((value) => value + 0.1 * random.normal()),
    );
  }
  return made;
}
