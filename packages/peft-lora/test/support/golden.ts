import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ForwardContext,
  forwardHidden,
  languageModelLoss,
  loadModel,
  type Model,
  modelScope,
  type SiteVisitor,
  shiftLabels,
} from "@attune/models";
import {
  type Adapters,
  attachAdapters,
  type LoadedAdapter,
  loadAdapter,
  type PlacedAdapters,
  placeForInference,
} from "@attune/peft-core";
import { interpretTrace } from "@attune/peft-testkit";
import { createStrictBackend } from "@attune/tensor-conformance";
import { createRuntime, type Runtime, type Tensor, type Trace, tensorType } from "@attune/tensor-core";
import { openSafetensors } from "@attune/weights";
import methods from "../../src/index.ts";

export const fixtures: string = join(import.meta.dirname, "..", "fixtures");

/** What the generator wrote down of an adapter. */
export interface AdapterFixture {
  readonly about: string;
  readonly base: string;
  readonly trainable_parameters: number;
  readonly total_parameters: number;
  readonly change: number;
  readonly spread: { readonly logits: number; readonly merged: number };
  readonly keys: Readonly<Record<string, readonly number[]>>;
}

export const described: { readonly adapters: Readonly<Record<string, AdapterFixture>> } = JSON.parse(
  readFileSync(join(fixtures, "adapters.json"), "utf8"),
);

/** A batch of token rows, padded on the right. */
export interface GoldenBatch {
  readonly rows: number;
  readonly tokens: number;
  readonly mask: Int32Array;
  readonly inputs: Readonly<Record<string, ArrayLike<number>>>;
  readonly labelsCounted: number;
}

/** Puts ids, mask and labels into the inputs of `trace`. */
export function batchOf(
  ids: Int32Array,
  mask: Int32Array,
  labels: Int32Array,
  [rows, tokens]: readonly [number, number],
): GoldenBatch {
  const targets = shiftLabels(labels, tokens);
  return {
    rows,
    tokens,
    mask,
    inputs: {
      ids,
      positions: Int32Array.from({ length: rows * tokens }, (_, index) => index % tokens),
      documents: Int32Array.from(mask, (seen) => seen - 1),
      targets,
    },
    labelsCounted: targets.filter((target) => target !== -100).length,
  };
}

export async function goldenBatch(base: string): Promise<GoldenBatch & { readonly logits: Float32Array }> {
  const file = await openSafetensors(join(fixtures, `${base}.safetensors`));
  const integers = async (name: string): Promise<Int32Array> => new Int32Array((await file.read(name)).buffer);
  const shape = file.info("input_ids").shape as [number, number];
  const batch = batchOf(await integers("input_ids"), await integers("attention_mask"), await integers("labels"), shape);
  const logits = await file.readFloat32("logits");
  await file.close();
  return { ...batch, logits };
}

/** Tensors of a fixture file by name. */
export async function readTensors(path: string): Promise<Map<string, Float32Array>> {
  const file = await openSafetensors(join(fixtures, path));
  const tensors = new Map<string, Float32Array>();
  for (const name of file.names) tensors.set(name, await file.readFloat32(name));
  await file.close();
  return tensors;
}

export function strictRuntime(): Runtime {
  return createRuntime({ backend: createStrictBackend() });
}

/** A base with adapters from fixture folders, in a runtime. */
export interface GoldenSetup {
  readonly runtime: Runtime;
  readonly model: Model;
  readonly adapters: Adapters;
  readonly placed: PlacedAdapters;
  readonly loaded: readonly LoadedAdapter[];
}

export async function setUp(
  base: string,
  folders: Readonly<Record<string, string>>,
  runtime: Runtime = strictRuntime(),
): Promise<GoldenSetup> {
  const model = await loadModel(runtime, join(fixtures, base));
  const loaded = await Promise.all(
    Object.entries(folders).map(([name, folder]) =>
      loadAdapter(runtime, model, join(fixtures, folder), { methods, name }),
    ),
  );
  const adapters = attachAdapters(model, loaded);
  const placed = await placeForInference(runtime, adapters, new Map(loaded.flatMap(({ values }) => [...values])));
  return { runtime, model, adapters, placed, loaded };
}

/** Traces loss (mean over labels) and logits of a batch. */
export function traceBatch(
  trace: Trace,
  model: Model,
  batch: GoldenBatch,
  visitors: readonly SiteVisitor[] = [],
): { loss: Tensor } {
  const { rows, tokens } = batch;
  const input = (name: string): Tensor => trace.input(name, tensorType([rows, tokens], "i32"));
  const context: ForwardContext = { ids: input("ids"), positions: input("positions"), documents: input("documents") };
  const scope = modelScope(trace, model, visitors);
  const hidden = forwardHidden(model, scope, context);
  const targets = trace.input("targets", tensorType([rows * tokens], "i32"));
  const { loss } = languageModelLoss(model, scope, {
    hidden,
    targets,
    denominator: trace.input("denominator", tensorType([1])),
  });
  trace.output("loss", loss);
  trace.output("logits", model.family.head(scope, model.config, hidden));
  return { loss };
}

/** Outputs in float64 of what `build` records with `traceBatch`. */
export function interpret(
  runtime: Runtime,
  batch: GoldenBatch,
  build: (trace: Trace) => unknown,
): Promise<Record<string, Float64Array>> {
  return interpretTrace(runtime, (trace) => void build(trace)).run(inputsOf(batch));
}

/** Inputs of a traced batch. */
export function inputsOf({
  inputs,
  labelsCounted,
}: Pick<GoldenBatch, "inputs" | "labelsCounted">): Record<string, ArrayLike<number>> {
  return { ...inputs, denominator: [labelsCounted] };
}

/** Largest difference at positions that are no padding. */
export function difference(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { mask }: Pick<GoldenBatch, "mask">,
): number {
  const width = expected.length / mask.length;
  let largest = actual.length === expected.length ? 0 : Number.POSITIVE_INFINITY;
  for (let index = 0; index < expected.length; index++) {
    if (mask[Math.floor(index / width)] !== 1) continue;
    const off = Math.abs(actual[index]! - expected[index]!);
    if (!(off <= largest)) largest = off;
  }
  return largest;
}
