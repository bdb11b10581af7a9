import { z } from "zod";
import { fraction, nullable, positive, whole } from "./fields.ts";

/** A model to be made from scratch: a decoder of the Llama family. */
export interface ArchitectureConfig {
  readonly layers: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly heads: number;
  readonly keyValueHeads: number | null;
  readonly headSize: number | null;
  readonly contextLength: number;
  readonly tiedEmbeddings: boolean;
  readonly ropeTheta: number;
  readonly normEpsilon: number;
  readonly initializerRange: number;
}

/** A byte-level BPE tokenizer to be trained on the texts that the model is trained on. */
export interface TokenizerTrainingConfig {
  readonly vocabularySize: number;
  readonly minFrequency: number;
  readonly bos: string;
  readonly eos: string;
  readonly pad: string;
  readonly reserved: readonly string[];
}

/** What is trained: a method of adapters by id, or `full` for every parameter. */
export interface MethodConfig {
  readonly id: string;
  readonly options: Readonly<Record<string, unknown>>;
}

export const architectureSchema: z.ZodType<ArchitectureConfig | null> = nullable(
  z.strictObject({
    layers: whole(1).max(1024).describe("Blocks; time and quality grow with them"),
    hiddenSize: whole(1).describe("Width of the residual stream"),
    intermediateSize: whole(1).describe("Width inside the feed-forward part"),
    heads: whole(1).describe("Query heads"),
    keyValueHeads: nullable(whole(1)).describe(
      "Key and value heads; fewer make the cache smaller. Default: as many as query heads",
    ),
    headSize: nullable(whole(1)).describe("Width of one head; default: the hidden size is shared out among the heads"),
    contextLength: whole(2).describe("Most tokens that the model can look at"),
    tiedEmbeddings: z.boolean().default(true).describe("Whether input and output share one table"),
    ropeTheta: positive().default(10_000).describe("Base of the rotary frequencies"),
    normEpsilon: positive().default(1e-5).describe("Added to the mean square in norms"),
    initializerRange: positive().default(0.02).describe("Standard deviation of initial weights"),
  }),
).describe("A model made from scratch instead of one that is there");

const placeholders = Array.from({ length: 16 }, (_, index) => `<|placeholder_${index}|>`);

export const tokenizerTrainingSchema: z.ZodType<TokenizerTrainingConfig | null> = nullable(
  z.strictObject({
    vocabularySize: whole(256).describe("Tokens in all, special ones and the 256 bytes included"),
    minFrequency: whole(1).default(2).describe("Rarer pairs are not merged"),
    bos: z.string().min(1).default("<s>").describe("Token that begins a text"),
    eos: z.string().min(1).default("</s>").describe("Token that ends a text"),
    pad: z.string().min(1).default("<pad>").describe("Token of padding"),
    reserved: z
      .array(z.string().min(1))
      .default(["<|system|>", "<|user|>", "<|assistant|>", "<|end|>", ...placeholders])
      .describe("Further tokens with ids of their own: roles of conversations, placeholders of methods"),
  }),
).describe("A tokenizer trained on the training texts, for a model made from scratch");

export const methodSchema: z.ZodType<MethodConfig> = z
  .strictObject({
    id: z.string().default("lora").describe("Method of adapters, or full for every parameter"),
    options: z.record(z.string(), z.json()).default({}).describe("Options of the method"),
  })
  .prefault({})
  .describe("What is trained");

/** Adapters and merged models are written in these types. */
export interface MergeConfig {
  readonly dtype: "BF16" | "F16" | "F32";
}

export const mergeSchema: z.ZodType<MergeConfig | null> = nullable(
  z.strictObject({ dtype: z.enum(["BF16", "F16", "F32"]).default("BF16").describe("Element type of the files") }),
).describe("Write base and adapter as one model");

/** Replayed general text, against forgetting. */
export interface ReplayConfig {
  readonly share: number;
  readonly weight: number;
  readonly generate: {
    readonly texts: number;
    readonly tokens: number;
    readonly temperature: number;
    readonly topP: number;
  } | null;
  readonly source: Readonly<Record<string, unknown>> | null;
}

export const replaySchema: z.ZodType<ReplayConfig | null> = nullable(
  z.strictObject({
    share: fraction().describe("Share of general rows among all rows; higher forgets less and learns slower"),
    weight: positive().default(1).describe("What the mean loss of general rows counts beside that of the task"),
    generate: nullable(
      z.strictObject({
        texts: whole(1).describe("Texts that the base model writes before training"),
        tokens: whole(2).describe("Tokens of each"),
        temperature: positive().default(1).describe("Higher is more varied"),
        topP: fraction().default(0.95).describe("Tokens outside this share of probability are not drawn"),
      }),
    ).describe("Rows that the base model writes itself"),
    source: nullable(z.record(z.string(), z.json())).describe("Rows of another data source"),
  }),
).describe("General text mixed in, against forgetting");
