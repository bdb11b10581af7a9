// Bytes and FLOPs of the programs that a run will replay, read off plans that are built and not run.
import { type ScoreShape, traceScores } from "@attune/generate";
import type { Model, ParameterPlacement, SiteVisitor } from "@attune/models";
import type { Optimizer } from "@attune/optim";
import type { Adapters } from "@attune/peft-core";
import {
  type Capabilities,
  elementCount,
  type Plan,
  type Runtime,
  roundsProductsToHalf,
  type Trace,
  tensorType,
} from "@attune/tensor-core";
import { createStepTraces, layOutParameters, parametersRegion, type StepTraces, segmentsOf } from "@attune/train";
import { methodObjective, type ObjectiveShape } from "../train/method-objective.ts";

/** What replaying one program takes. */
export interface ProgramCost {
  readonly dispatches: number;
  readonly flops: number;
  readonly arenaBytes: number;
  readonly stagingBytes: number;
}

/** What training takes. */
export interface TrainingCost {
  readonly forwardBackward: ProgramCost;
  readonly update: ProgramCost;
  readonly evaluate: ProgramCost;
  /** Parameters, gradients and the optimizer's buffers. */
  readonly stateBytes: number;
  /** Elements of each buffer, padding included. */
  readonly elements: number;
  /** Elements of the trained parameters. */
  readonly trained: number;
}

/** Costs of a program that is traced but not compiled. */
function programCost(runtime: Runtime, build: (trace: Trace) => void): ProgramCost {
  return costOf(runtime.plan(build));
}

function costOf({ dispatches, memory }: Plan): ProgramCost {
  return {
    dispatches: dispatches.length,
    flops: dispatches.reduce((sum, { flops }) => sum + flops, 0),
    arenaBytes: memory.arena,
    stagingBytes: memory.staging,
  };
}

/** What training is of: everything that the programs of its step depend on. */
export interface PlannedTraining {
  readonly model: Model;
  readonly adapters: Adapters | undefined;
  readonly optimizer: Optimizer;
  readonly shape: ObjectiveShape;
  readonly clipNorm: number | null;
}

/** Costs of the three programs of a training step. */
export function trainingCost(runtime: Runtime, training: PlannedTraining): TrainingCost {
  const { traces, size, trained } = traceTraining(training, runtime.backend.capabilities);
  return {
    forwardBackward: programCost(runtime, traces.forwardBackward),
    update: programCost(runtime, traces.update),
    evaluate: programCost(runtime, traces.evaluate),
    elements: size,
    stateBytes: 4 * size * (2 + training.optimizer.slots.length),
    trained,
  };
}

/**
 * The programs of a training step on a device, elements of each of its buffers, and of its parameters. State is named, not bound. Where
 * products are in f16 the loss is scaled, as training does.
 */
export function traceTraining(
  { model, adapters, optimizer, shape, clipNorm }: PlannedTraining,
  capabilities: Capabilities,
): {
  readonly traces: StepTraces;
  readonly size: number;
  readonly trained: number;
} {
  const { parameters, groups } = adapters === undefined ? trainedModel(model) : trainedAdapters(adapters);
  const { ranges, size } = layOutParameters(parameters, groups);
  const store = { ranges, groups, size, segments: segmentsOf(ranges, size) };
  const placement = new Map<string, ParameterPlacement>(
    ranges.map(({ name, shape: own, offset }) => [
      name,
      { kind: "state", region: parametersRegion, offset, type: tensorType(own) },
    ]),
  );
  const subject =
    adapters === undefined
      ? { ...model, parameters: new Map([...model.parameters, ...placement, ...tiedTo(model, placement)]) }
      : model;
  for (const { name, shape: own, role } of adapters?.parameters ?? []) {
    if (role !== "trained") placement.set(name, { kind: "weight", name: `adapter:${name}`, type: tensorType(own) });
  }
  const objective = methodObjective(
    subject,
    {
      visitors: ({ random }) => adapters?.visitors(placement, { random }) ?? [],
      lossTerms: (trace) => adapters?.lossTerms(trace, placement) ?? [],
    },
    shape,
  );
  return {
    traces: createStepTraces(objective, store, optimizer, {
      clipNorm: clipNorm ?? undefined,
      lossScaling: roundsProductsToHalf(capabilities),
    }),
    size,
    trained: parameters.reduce((sum, { shape: own }) => sum + elementCount(own), 0),
  };
}

function trainedModel({ specs }: Model) {
  const own = specs.filter(({ tiedTo }) => tiedTo === undefined);
  return {
    parameters: own.map(({ name, shape, role }) => ({
      name,
      shape,
      group: role === "norm" || role === "bias" ? "undecayed" : "default",
    })),
    groups: [
      { name: "default", learningRateScale: 1 },
      { name: "undecayed", learningRateScale: 1, weightDecay: 0 },
    ],
  };
}

function trainedAdapters({ parameters, groups }: Adapters) {
  const trained = parameters.filter(({ role }) => role === "trained");
  return { parameters: trained.map(({ name, shape, group }) => ({ name, shape, group })), groups };
}

/** Names that share another parameter's values. */
function tiedTo({ specs }: Model, placement: ReadonlyMap<string, ParameterPlacement>): [string, ParameterPlacement][] {
  return specs.flatMap(({ name, tiedTo: owner }) =>
    owner === undefined ? [] : [[name, placement.get(owner)!] as const],
  ) as [string, ParameterPlacement][];
}

/** What makes a model the adapted one in a program that is traced but not compiled: the adapters' values are named, not bound. */
export function plannedVisitors(adapters: Adapters | undefined): readonly SiteVisitor[] {
  const placement = new Map<string, ParameterPlacement>(
    adapters?.parameters.map(({ name, shape }) => [
      name,
      { kind: "weight", name: `adapter:${name}`, type: tensorType(shape) },
    ]),
  );
  return adapters?.visitors(placement) ?? [];
}

/** Costs of scoring runs, added up: FLOPs of all, bytes of the largest. */
export function scoringCost(
  runtime: Runtime,
  model: Model,
  visitors: readonly SiteVisitor[],
  shapes: readonly ScoreShape[],
): ProgramCost {
  const known = new Map<string, ProgramCost>();
  const costs = shapes.map((shape) => {
    const key = JSON.stringify(shape);
    const cost = known.get(key) ?? programCost(runtime, (trace) => traceScores(trace, model, visitors, shape));
    known.set(key, cost);
    return cost;
  });
  return {
    dispatches: costs.reduce((sum, { dispatches }) => sum + dispatches, 0),
    flops: costs.reduce((sum, { flops }) => sum + flops, 0),
    arenaBytes: Math.max(0, ...costs.map(({ arenaBytes }) => arenaBytes)),
    stagingBytes: Math.max(0, ...costs.map(({ stagingBytes }) => stagingBytes)),
  };
}
