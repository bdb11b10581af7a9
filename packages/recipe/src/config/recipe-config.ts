import { z } from "zod";
import { type DataConfig, dataSchema, type TemplateConfig, templateSchema } from "./data-config.ts";
import { nullable, sizePattern, whole } from "./fields.ts";
import {
  type ArchitectureConfig,
  architectureSchema,
  type MergeConfig,
  type MethodConfig,
  mergeSchema,
  methodSchema,
  type TokenizerTrainingConfig,
  tokenizerTrainingSchema,
} from "./model-config.ts";
import { type EvaluationConfig, evaluationSchema, type TrainingConfig, trainingSchema } from "./training-config.ts";

/** A resolved configuration: every key has a value. One schema serves all verbs; each uses the sections it needs. */
export interface RecipeConfig {
  readonly name: string;
  readonly plugins: readonly string[];
  readonly model: string | null;
  readonly architecture: ArchitectureConfig | null;
  readonly tokenizer: string | null;
  readonly tokenizerTraining: TokenizerTrainingConfig | null;
  readonly adapter: string | null;
  readonly storage: "as-is" | "f32" | "bf16" | "f16";
  readonly method: MethodConfig;
  readonly data: DataConfig;
  readonly template: TemplateConfig;
  readonly training: TrainingConfig;
  readonly evaluation: EvaluationConfig | null;
  readonly merge: MergeConfig | null;
  readonly report: ReportConfig;
  readonly seed: number;
  readonly device: string;
  readonly products: "f32" | "f16";
  readonly threads: number | null;
  readonly memory: string | null;
  readonly output: string | null;
}

/** What the report says beside numbers. */
export interface ReportConfig {
  readonly title: string | null;
  readonly summary: string | null;
  readonly unit: string;
  readonly examples: number;
}

const reportSchema: z.ZodType<ReportConfig> = z
  .strictObject({
    title: nullable(z.string()).describe("Title; default: the name"),
    summary: nullable(z.string()).describe("One or two sentences for a newcomer"),
    unit: z.string().default("records").describe("What is counted, plural"),
    examples: whole(0)
      .default(6)
      .describe("Examples shown: that changed in each direction, or of what both models say"),
  })
  .prefault({})
  .describe("The report");

/** The schema of a recipe. */
export const recipeSchema: z.ZodType<RecipeConfig> = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, { error: "expected letters, digits, dots, dashes and underscores" })
    .default("run")
    .describe("Name of the run, also of its folder"),
  plugins: z
    .array(z.string().min(1))
    .readonly()
    .default([])
    .describe("npm packages, or paths of modules, that bring further methods or stages"),
  model: nullable(z.string().min(1)).describe("A folder of a Hugging Face checkpoint, or a name such as attune:tiny"),
  architecture: architectureSchema,
  tokenizer: nullable(z.string().min(1)).describe("A folder or a tokenizer.json; default: the model's"),
  tokenizerTraining: tokenizerTrainingSchema,
  adapter: nullable(z.string().min(1)).describe("An adapter folder that is judged, merged or used"),
  storage: z
    .enum(["as-is", "f32", "bf16", "f16"])
    .default("as-is")
    .describe("How frozen matrices are kept in memory; f32 is fastest and largest"),
  method: methodSchema,
  data: dataSchema,
  template: templateSchema,
  training: trainingSchema,
  evaluation: evaluationSchema,
  merge: mergeSchema,
  report: reportSchema,
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(0)
    .describe("Of everything random"),
  device: z.string().default("auto").describe("cpu, webgpu, or auto for the CPU"),
  products: z
    .enum(["f32", "f16"])
    .default("f32")
    .describe(
      "Operands of matrix products: f32, or rounded to f16 with sums in f32, on GPUs that can; the loss is scaled then",
    ),
  threads: nullable(whole(1)).describe("Threads that compute; default one a core"),
  memory: nullable(z.string().regex(sizePattern, { error: "expected a size such as 12GB or 6.5GiB" })).describe(
    "Most that the CPU device may hold; default 4GiB. More takes 64-bit addresses: Node 24, and somewhat slower",
  ),
  output: nullable(z.string().min(1)).describe("Folder of the run; default runs/NAME"),
});
