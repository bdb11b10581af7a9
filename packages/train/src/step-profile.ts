// Where the time of a training step goes: dispatches of some steps, summed up by what they do. Their sum and the time outside of them
// is the step's time on the clock that metrics have.
import type { ProfiledRun } from "@attune/tensor-core";

/** What kernels do. `optimizer` is all of the update; `outside kernels` is the host: batches, inputs and results, waking threads. */
export type KernelKind =
  | "products"
  | "attention"
  | "norms"
  | "loss"
  | "optimizer"
  | "pointwise"
  | "rows and shapes"
  | "outside kernels";

/** Work of one step, the mean of the steps that were profiled. */
export interface KernelTime {
  readonly dispatches: number;
  readonly milliseconds: number;
  readonly flops: number;
  /** Bytes that it must at least read and write. */
  readonly bytesMoved: number;
}

/** Where the time of a step goes, the mean of some steps. */
export interface StepProfile {
  readonly version: 1;
  readonly backend: string;
  /** The steps that were timed, counted from 1 as metrics are. */
  readonly steps: readonly number[];
  /** Milliseconds of a step, from the first row of its batches to the end of its update. */
  readonly milliseconds: number;
  /** Of these, milliseconds in which a thread waited for the others, the mean of all threads; null where a device has none. */
  readonly waiting: number | null;
  /** By kind, the slowest first. They add up to the milliseconds of a step. */
  readonly kinds: readonly (KernelTime & { readonly kind: KernelKind })[];
  /** By kernel, the slowest first. They add up to what is not outside of kernels. */
  readonly kernels: readonly (KernelTime & { readonly kind: KernelKind; readonly kernel: string })[];
}

/** The timed runs of one step, and what all of it took. */
export interface TimedStep {
  readonly step: number;
  readonly seconds: number;
  readonly runs: readonly { readonly isUpdate: boolean; readonly run: ProfiledRun }[];
}

const kindOfOp: Readonly<Record<string, KernelKind>> = {
  linear: "products",
  batchedMatmul: "products",
  attention: "attention",
  attentionBackward: "attention",
  rope: "attention",
  rmsNorm: "norms",
  rmsNormBackward: "norms",
  layerNorm: "norms",
  layerNormBackward: "norms",
  crossEntropy: "loss",
  crossEntropyBackward: "loss",
  logSumExp: "loss",
  pointwise: "pointwise",
  dropout: "pointwise",
};

/** A sum that grows. */
type Row = { -readonly [Key in keyof KernelTime]: KernelTime[Key] } & { kind: KernelKind; kernel: string };

/** Sums up steps, at least one. */
export function stepProfile(steps: readonly TimedStep[]): StepProfile {
  const runs = steps.flatMap((step) => step.runs);
  const rows = runs.flatMap(({ isUpdate, run }) => timedDispatches(run, isUpdate));
  const inKernels = rows.reduce((sum, row) => sum + row.milliseconds, 0);
  const milliseconds = steps.reduce((sum, { seconds }) => sum + 1000 * seconds, 0);
  const outside: Row = { ...nothing, kind: "outside kernels", kernel: "", milliseconds: milliseconds - inKernels };
  const kinds = meansBy([...rows, outside], ({ kind }) => kind, steps.length);
  const waits = runs.map(({ run: { waiting } }) => waiting);
  const waited = waits.reduce<number>((sum, wait) => sum + (wait ?? 0), 0);
  return {
    version: 1,
    backend: runs[0]!.run.plan.backend,
    steps: steps.map(({ step }) => step),
    milliseconds: milliseconds / steps.length,
    waiting: waits.includes(undefined) ? null : waited / steps.length,
    kinds: kinds.map(({ kernel: _, ...row }) => row),
    kernels: meansBy(rows, ({ kind, kernel }) => `${kind} ${kernel}`, steps.length),
  };
}

const nothing: KernelTime = { dispatches: 0, milliseconds: 0, flops: 0, bytesMoved: 0 };

function timedDispatches({ plan, milliseconds }: ProfiledRun, isUpdate: boolean): Row[] {
  return plan.dispatches.map(({ op, kernel, flops, bytesMoved }, index) => ({
    kind: isUpdate ? "optimizer" : (kindOfOp[op.id] ?? "rows and shapes"),
    kernel,
    dispatches: 1,
    milliseconds: milliseconds[index]!,
    flops,
    bytesMoved,
  }));
}

/** Rows under one name summed up and divided by the steps, the slowest first. */
function meansBy(rows: readonly Row[], nameOf: (row: Row) => string, steps: number): Row[] {
  const sums = new Map<string, Row>();
  for (const row of rows) {
    const name = nameOf(row);
    const sum = sums.get(name) ?? { ...nothing, kind: row.kind, kernel: row.kernel };
    for (const key of measures) sum[key] += row[key] / steps;
    sums.set(name, sum);
  }
  return [...sums.values()].sort((left, right) => right.milliseconds - left.milliseconds);
}

const measures = ["dispatches", "milliseconds", "flops", "bytesMoved"] as const;
