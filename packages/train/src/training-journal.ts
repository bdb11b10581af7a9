import type { JsonObject, JsonValue } from "@attune/spec";
import type { Runtime } from "@attune/tensor-core";
import type { LossScale } from "./loss-scale.ts";
import type { TrainableStore } from "./trainable-store.ts";

/** Where a run stands, apart from its buffers. */
export interface TrainingPosition {
  /** Optimizer steps tried, skipped ones included. */
  step: number;
  /** Optimizer steps that changed parameters; schedules count these. */
  appliedSteps: number;
  trainedTokens: number;
  source: JsonValue;
  best: { readonly step: number; readonly loss: number } | undefined;
  /** Evaluations since the best one. */
  evaluationsWithoutGain: number;
  /** True once early stopping ended the run. */
  stopped: boolean;
  /** Where the loss is scaled. */
  lossScale?: LossScale;
}

/** A run as a journal sees it: whose State it saves and restores. */
export interface JournaledRun {
  readonly runtime: Runtime;
  readonly store: Pick<TrainableStore, "size">;
  /** State regions of the optimizer. */
  readonly slots: readonly string[];
  /** What must be the same for a run to go on. */
  readonly identity: JsonObject;
}

/** What a checkpoint holds beside State. */
export interface SavedTraining {
  readonly position: TrainingPosition;
  /** Parameters of the best evaluation, where there was one. */
  readonly best: Float32Array | undefined;
}

/** Keeps the metrics of a run, and every few steps what it needs to go on: in files, in memory, or anywhere else. */
export interface TrainingJournal {
  /** Steps between two checkpoints. */
  readonly every: number;
  /**
   * Puts State back as the last checkpoint has it and cuts the metrics to it.
   *
   * @returns where the run stood, undefined for one that begins
   * @throws AttuneError `RUN_MISMATCH` where the checkpoint is of another run, naming what differs
   */
  open(run: JournaledRun): Promise<SavedTraining | undefined>;
  /** Adds the metrics of a step. */
  append(metrics: JsonObject): Promise<void>;
  /** Saves a checkpoint in place of the one before; metrics that were added stay even if the process dies now. */
  save(run: JournaledRun, saved: SavedTraining): Promise<void>;
  close(): Promise<void>;
}
