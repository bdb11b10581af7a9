import { z } from "zod";
import { nullable, whole } from "./fields.ts";

/** What a data source is described by; its keys are checked by data-core. */
export type SourceConfig = Readonly<Record<string, unknown>>;

/** Where records come from and what is done with them. */
export interface DataConfig {
  readonly source: SourceConfig | readonly SourceConfig[] | null;
  /** Stages in their order; false leaves one out, null takes its defaults. */
  readonly stages: Readonly<Record<string, Readonly<Record<string, unknown>> | false | null>>;
  readonly limits: {
    readonly train: number | null;
    readonly trainPerLabel: number | null;
    readonly trainPerGroup: { readonly by: string; readonly count: number } | null;
    readonly validation: number | null;
    readonly test: number | null;
  };
  readonly groupBy: string | null;
}

const sourceSchema = z.record(z.string(), z.json());

export const dataSchema: z.ZodType<DataConfig> = z
  .strictObject({
    source: nullable(
      z.union([sourceSchema, z.array(sourceSchema)], {
        error: "expected a source (path or package) or a list of them",
      }),
    ).describe("Where records come from: {path: ...} or {package: ...}, or a list of them"),
    stages: z
      .record(
        z.string(),
        z.union([z.literal(false), z.null(), z.record(z.string(), z.json())], {
          error: "expected the options of the stage, or false to leave it out",
        }),
      )
      .default({})
      .describe("Stages in their order, each with its options: parse, clean, dedup, pii, split"),
    limits: z
      .strictObject({
        train: nullable(whole(1)).describe("Most training records"),
        trainPerLabel: nullable(whole(1)).describe("Most training records of one label"),
        trainPerGroup: nullable(
          z.strictObject({
            by: z.string().min(1).describe("Name in metadata of what a group has in common, such as sender"),
            count: whole(1).describe("Most training records of one group"),
          }),
        ).describe("Keeps a few large groups from being most of what is learnt; drawn before trainPerLabel"),
        validation: nullable(whole(1)).describe("Most validation records"),
        test: nullable(whole(1)).describe("Most test records"),
      })
      .prefault({})
      .describe(
        "Draws a smaller part by hash of id and seed; null takes all. Baselines learn from what train alone leaves",
      ),
    groupBy: nullable(z.string()).describe("Name in metadata of what counts as one independent case in intervals"),
  })
  .prefault({})
  .describe("Data and its preparation");

/** How a record becomes a prompt and what follows it. */
export interface TemplateConfig {
  readonly prompt: string;
  readonly completion: string;
  readonly completions: Readonly<Record<string, string>> | null;
  readonly maxTokens: number | null;
  readonly maxPieces: number;
  readonly endOfText: boolean;
  readonly chatTemplate: string | null;
}

export const templateSchema: z.ZodType<TemplateConfig> = z
  .strictObject({
    prompt: z.string().default("{text}").describe("Prompt with one {text}: the record's text, or its prompt"),
    completion: z
      .string()
      .default(" {completion}")
      .describe("What the model says, with one {completion}: the record's completion, or its label"),
    completions: nullable(z.record(z.string(), z.string().min(1))).describe(
      "What it says for each label, word for word",
    ),
    maxTokens: nullable(whole(1)).describe("Longer texts are cut so that the prompt has at most this many tokens"),
    maxPieces: whole(1)
      .default(1)
      .describe("A longer labelled text is read in up to this many pieces: rows of their own, averaged when judged"),
    endOfText: z
      .boolean()
      .default(true)
      .describe("Whether it also learns to end after the completion, or after its turns"),
    chatTemplate: nullable(z.string().min(1)).describe("Jinja template of conversations, instead of the tokenizer's"),
  })
  .prefault({})
  .describe("How records become rows");
