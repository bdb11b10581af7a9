import type { LongRows } from "@attune/train";
import { z } from "zod";
import { nullable, positive, whole } from "./fields.ts";
import { type ReplayConfig, replaySchema } from "./model-config.ts";

/** How training runs. */
export interface TrainingConfig {
  readonly steps: number | null;
  readonly epochs: number | null;
  readonly rows: number;
  readonly blockLength: number;
  readonly accumulation: number;
  readonly packing: boolean;
  readonly longRows: LongRows;
  readonly recompute: boolean;
  readonly optimizer: { readonly id: string; readonly options: Readonly<Record<string, unknown>> };
  readonly learningRate: number;
  readonly schedule: {
    readonly shape: "constant" | "linear" | "cosine";
    readonly warmup: number;
    readonly minShare: number;
  };
  readonly promptLossWeight: number;
  readonly clipNorm: number | null;
  readonly evaluateEvery: number | null;
  readonly patience: number | null;
  readonly keep: "best" | "last";
  readonly checkpointEvery: number;
  readonly replay: ReplayConfig | null;
}

export const trainingSchema: z.ZodType<TrainingConfig> = z
  .strictObject({
    steps: nullable(whole(1)).describe("Optimizer steps; either this or epochs"),
    epochs: nullable(positive()).describe("Passes over the rows; either this or steps"),
    rows: whole(1).default(4).describe("Packed rows of one micro-batch; memory grows with them"),
    blockLength: whole(2).default(512).describe("Tokens of one packed row"),
    accumulation: whole(1).default(1).describe("Micro-batches of one step; a larger batch at no more memory"),
    packing: z.boolean().default(true).describe("Several documents a row, without attention across"),
    longRows: z
      .enum(["error", "drop", "cut"])
      .default("error")
      .describe(
        "What becomes of a row longer than blockLength: an error, left out, or cut at its end; counted. Plain texts always fit",
      ),
    recompute: z.boolean().default(false).describe("Less memory for a third more time"),
    optimizer: z
      .strictObject({
        id: z.string().default("adamw").describe("adamw or sgd"),
        options: z.record(z.string(), z.json()).default({}).describe("Options of the optimizer"),
      })
      .prefault({})
      .describe("How gradients become updates"),
    learningRate: positive().default(1e-3).describe("At its peak; too high diverges, too low learns nothing"),
    schedule: z
      .strictObject({
        shape: z.enum(["constant", "linear", "cosine"]).default("cosine").describe("Course after the warm-up"),
        warmup: z.number().min(0).default(0.05).describe("Steps that rise from 0; below 1 a share of all steps"),
        minShare: z.number().min(0).max(1).default(0).describe("Share of the peak that a cosine ends with"),
      })
      .prefault({})
      .describe("Course of the learning rate"),
    promptLossWeight: z
      .number()
      .min(0)
      .default(0)
      .describe("What predicting the prompt counts beside what is trained: it also learns how such texts are written"),
    clipNorm: nullable(positive()).default(1).describe("Largest norm of the whole gradient"),
    evaluateEvery: nullable(whole(1)).describe("Steps between two looks at the validation loss"),
    patience: nullable(whole(1)).describe("Looks without a lower loss after which training ends"),
    keep: z.enum(["best", "last"]).default("last").describe("Which parameters are kept: of the best look, or the last"),
    checkpointEvery: whole(1).default(100).describe("Steps between two checkpoints"),
    replay: replaySchema,
  })
  .prefault({} as never)
  .describe("Training");

/** What is measured, and on what. */
export interface EvaluationConfig {
  readonly task: "classification" | "generation" | "perplexity";
  readonly part: "train" | "validation" | "test";
  readonly labels: readonly string[] | null;
  readonly positive: string | null;
  readonly calibration: "none" | "affine" | "batch";
  readonly normalization: "none" | "characters" | "bytes";
  readonly shots: number;
  readonly baselines: readonly ("majority" | "text")[];
  readonly maxNewTokens: number;
  readonly stop: readonly string[];
  readonly slots: "none" | "e2e";
  readonly tokensPerRun: number;
  readonly resamples: number;
  readonly general: GeneralTextConfig | null;
  readonly gate: Readonly<Record<string, number>> | null;
}

/** General text that no training row is of. */
export interface GeneralTextConfig {
  readonly source: Readonly<Record<string, unknown>>;
  readonly documents: number;
  readonly characters: number;
  readonly maxRatio: number;
}

export const evaluationSchema: z.ZodType<EvaluationConfig | null> = nullable(
  z.strictObject({
    task: z.enum(["classification", "generation", "perplexity"]).describe("What is asked of the model"),
    part: z.enum(["train", "validation", "test"]).default("test").describe("Part of the split that is judged"),
    labels: nullable(z.array(z.string()).min(2)).describe("Labels in the order of tables; default: those of the data"),
    positive: nullable(z.string()).describe("Label for which F1, precision and recall are given"),
    calibration: z
      .enum(["none", "affine", "batch"])
      .default("none")
      .describe("Correction of a preference for label words, fitted on the validation part"),
    normalization: z
      .enum(["none", "characters", "bytes"])
      .default("none")
      .describe("By what log-probabilities of label words are divided"),
    shots: whole(0).default(0).describe("Answered examples in front of each prompt"),
    baselines: z
      .array(z.enum(["majority", "text"]))
      .default(["majority", "text"])
      .describe(
        "Rows of the table that no language model made: the most frequent label; TF-IDF and logistic regression",
      ),
    maxNewTokens: whole(1).default(64).describe("Most tokens of a generated text"),
    stop: z.array(z.string().min(1)).default([]).describe("Texts that end a generated text"),
    slots: z
      .enum(["none", "e2e"])
      .default("none")
      .describe("Whether prompts are meaning representations whose values the text must say"),
    tokensPerRun: whole(1).default(2048).describe("Tokens that are scored at once; memory grows with them"),
    resamples: whole(100).default(2000).describe("Draws of the bootstrap"),
    general: nullable(
      z.strictObject({
        source: z.record(z.string(), z.json()).describe("General text"),
        documents: whole(2).default(40).describe("Texts of it, drawn by hash of id and seed"),
        characters: whole(100).default(2000).describe("Most characters of each"),
        maxRatio: positive().default(1.05).describe("Perplexity after over before that is still good"),
      }),
    ).describe("General text: what the model forgets of it, or has learnt"),
    gate: nullable(z.record(z.string(), z.number())).describe(
      "Limits of metrics, the smallest value or, where lower is better, the largest; a run beyond one ends with code 3",
    ),
  }),
).describe("What is measured");
