import type { Contract, JsonObject } from "@attune/spec";
import type { Tensor } from "@attune/tensor-core";
import type { RopeTableRequest, RopeTables } from "./rope/rope-tables.ts";
import type { Scope } from "./scope.ts";

/** What a parameter is for: it decides initial values, storage and weight decay. */
export type ParameterRole = "embedding" | "linear" | "norm" | "bias" | "head";

/** One parameter of a model, as checkpoints of the Hub name and shape it. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: ParameterRole;
  /** The parameter whose values it shares; it has none of its own. */
  readonly tiedTo?: string | undefined;
  /** True for projections that add to the residual stream: their initial values are scaled down by depth. */
  readonly residualProjection?: boolean | undefined;
}

/** What every family's configuration has. */
export interface ModelConfig {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly blockCount: number;
  /** Positions that the model was made for. */
  readonly trainedPositions: number;
  /** True where attention reaches positions beyond `trainedPositions` by rescaling while it runs. */
  readonly extendsPositions: boolean;
  /** Tokens from which on the rotary frequencies follow from the length of the sequence; undefined where they never do. */
  readonly stretchesBeyond: number | undefined;
  readonly attentionHeads: number;
  readonly keyValueHeads: number;
  readonly headDimension: number;
  readonly tiedEmbeddings: boolean;
  /** Standard deviation of initial weights. */
  readonly initializerRange: number;
  readonly bosId: number | undefined;
  readonly eosIds: readonly number[];
  readonly padId: number | undefined;
}

/** Names in a checkpoint file and names of parameters: one to one. */
export interface NameRules {
  /** The parameter that a tensor of a file holds; undefined for a buffer that is no parameter and may be left out. */
  fromFile(name: string): string | undefined;
  /** The name that a parameter is stored under. */
  toFile(name: string): string;
}

/** What a parameter-efficient method adapts unless its options say otherwise. */
export interface MethodDefaults {
  readonly targets: readonly string[];
  /** Targets of IA3 that are scaled on their input. */
  readonly feedforward?: readonly string[] | undefined;
}

/** A family of language models: how to read its configuration, its parameters and names, and its forward pass over sites. */
export interface ModelFamily<C extends ModelConfig = ModelConfig> extends Contract<"model-family"> {
  /** Values of `architectures` in `config.json` that it runs. */
  readonly architectures: readonly string[];
  /** Values of `model_type`, for configurations without `architectures`. */
  readonly modelTypes: readonly string[];
  /** Checks every field. Throws `FILE_CORRUPT` or `FILE_UNSUPPORTED` naming file and key. */
  parseConfig(json: JsonObject, file?: string): C;
  parameters(config: C): readonly ParameterSpec[];
  readonly names: NameRules;
  /** Rotary tables, `[positions, headDimension / 2]` each. */
  rotaryTables(config: C, request: RopeTableRequest): RopeTables;
  /** Ids to `[B, T, hidden]`. */
  embed(scope: Scope, config: C, ids: Tensor): Tensor;
  /** One block: `[B, T, hidden]` to the same. The last may give back only what `wantedRows` takes, where nothing else is read. */
  block(scope: Scope, config: C, index: number, x: Tensor): Tensor;
  /** The norm after the last block. */
  finish(scope: Scope, config: C, x: Tensor): Tensor;
  /** Logits `[..., vocabulary]` of finished hidden states. */
  head(scope: Scope, config: C, x: Tensor): Tensor;
  /** By method id. */
  readonly defaults: Readonly<Record<string, MethodDefaults>>;
}
