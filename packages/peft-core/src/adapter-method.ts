import type { MethodDefaults, ModelConfig, ModelFamily, SiteCrossing, SiteDescription, SiteNext } from "@attune/models";
import type { Contract, FieldReader, JsonObject } from "@attune/spec";
import type { Tensor, Trace } from "@attune/tensor-core";
import type { AdapterLayout } from "./adapter-parameter.ts";

/** What a method knows of a model: enough to choose sites and shapes, without weights. */
export interface ModelSites {
  readonly family: ModelFamily;
  readonly config: ModelConfig;
  /** In the order of the forward pass. */
  readonly sites: readonly SiteDescription[];
  /** Lists of targets from files may name modules that other models have; those that a person wrote may not. */
  readonly allowUnmatchedTargets?: boolean | undefined;
}

/** Tensors of one adapter by the names they were declared with. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** One adapter at one crossing of a site. */
export interface SiteForward<Options> {
  readonly options: Options;
  /** The crossing, with parameters that the adapter replaces already replaced. */
  readonly crossing: SiteCrossing;
  readonly parameters: NamedTensors;
  readonly shared: NamedTensors;
  /** u32 `[4]` random state of the training step, for dropout; absent outside training, where nothing is dropped. */
  readonly random: Tensor | undefined;
}

/** One adapter at one site, for folding it into the base or taking it out again. */
export interface SiteMerge<Options> {
  readonly options: Options;
  readonly site: SiteDescription;
  readonly trace: Trace;
  readonly parameters: NamedTensors;
  readonly shared: NamedTensors;
  /** The site's parameters as dense f32 tensors, after adapters that are merged before this one. */
  readonly base: NamedTensors;
  /** The same before any adapter. */
  readonly original: NamedTensors;
}

/** New values of the site's own parameters, or why there are none. */
export type MergeResult = { readonly parameters: NamedTensors } | { readonly refused: string };

/** All tensors of one adapter in a trace. */
export interface TracedAdapter<Options> {
  readonly options: Options;
  readonly layout: AdapterLayout;
  readonly trace: Trace;
  readonly sites: readonly { readonly site: SiteDescription; readonly parameters: NamedTensors }[];
  readonly shared: NamedTensors;
}

/** A term that a method adds to the loss of every micro-batch: weight · value. */
export interface AdapterLossTerm {
  readonly name: string;
  /** One element. */
  readonly value: Tensor;
  readonly weight: number;
}

/** A group of parameters that the optimizer treats alike. */
export interface AdapterParameterGroup {
  readonly name: string;
  /** Multiplies the schedule's rate. */
  readonly learningRateScale: number;
  /** Replaces the optimizer's weight decay. */
  readonly weightDecay?: number | undefined;
}

/** What a method's first values may come from beyond its declarations. */
export interface InitialiseContext<Options> {
  readonly options: Options;
  readonly layout: AdapterLayout;
  readonly model: ModelSites;
  readonly seed: number;
  /** First values as declared, by name without the adapter's: `<module path>.<name>`. */
  readonly values: ReadonlyMap<string, Float32Array>;
  /** Values of a parameter of the base, by its full name. */
  base(name: string): Promise<Float32Array>;
  /**
   * Inputs of sites when the caller's data passes through the base, one batch after the other: rows of `inFeatures` values by
   * `siteKey`. Throws `DATA_EMPTY` where the caller gave no data.
   */
  inputs(sites: readonly SiteDescription[]): AsyncIterable<ReadonlyMap<string, Float32Array>>;
}

/** First values that differ from the declared ones, and parameters of the base to change, by full name. */
export interface InitialisedValues {
  readonly values?: ReadonlyMap<string, Float32Array> | undefined;
  readonly base?: ReadonlyMap<string, Float32Array> | undefined;
}

/** Between backward and update, on the host. Names are without the adapter's: `<module path>.<name>`. */
export interface UpdateHook<Options> {
  readonly options: Options;
  readonly layout: AdapterLayout;
  /** Optimizer steps before this one. */
  readonly step: number;
  /** Optimizer steps of the run. */
  readonly steps: number;
  read(name: string): Promise<Float32Array>;
  gradient(name: string): Promise<Float32Array>;
  write(name: string, values: Float32Array): Promise<void>;
}

/** What a PEFT file says that does not follow from an adapter's own options. */
export interface ExportedAdapter<Options> {
  readonly options: Options;
  /** By name without the adapter's, for every exported parameter of the layout that these options give. */
  readonly values: ReadonlyMap<string, Float32Array>;
}

/**
 * A parameter-efficient method. Plain functions of plain options: nothing is patched, nothing is kept between calls. Options are
 * JSON values; `parse(parse(x))` equals `parse(x)`.
 */
export interface AdapterMethod<Options = unknown> extends Contract<"adapter-method"> {
  /** What a person is told in lists, one sentence. */
  readonly about: string;
  /** Settings that work without tuning. */
  readonly defaults: {
    readonly learningRate: number;
    readonly weightDecay: number;
    /** What it adapts in a family that names no targets for this method itself. */
    readonly targets?: ((family: ModelFamily) => MethodDefaults | undefined) | undefined;
  };
  /** Checks options of any origin. Throws `OPTIONS_INVALID` or, for one that there is not, `CONFIG_UNKNOWN_KEY`, naming the key. */
  parse(options: unknown): Options;
  /** Sites, shapes and first values. Throws `OPTIONS_INVALID` where nothing matches, `CONFIG_INCOMPATIBLE` where a site cannot be adapted. */
  layout(options: Options, model: ModelSites): AdapterLayout;
  /** Parameter groups beside `default`. */
  groups?(options: Options): readonly AdapterParameterGroup[];
  /** Values that no single parameter can give: made of data, of several parameters, or changing the base. */
  initialise?(context: InitialiseContext<Options>): Promise<InitialisedValues>;
  /**
   * What one adapter makes of a site; `next` goes on to the base. Several active adapters are nested, a choice per row is made
   * between their results: neither is the method's concern. Not called at sites where all it has are replacements.
   */
  forward?(site: SiteForward<Options>, next: SiteNext): Tensor;
  lossTerms?(adapter: TracedAdapter<Options>): readonly AdapterLossTerm[];
  /** Runs after backward and before the update of each optimizer step. */
  beforeUpdate?(hook: UpdateHook<Options>): Promise<void>;
  /** Placeholder tokens in front of each document that the method fills at the `inputEmbeddings` site. */
  virtualTokens?(options: Options): number;
  /** Folds the adapter into the site's parameters: the adapted site equals the base site with them. */
  merge(site: SiteMerge<Options>): MergeResult;
  /** Takes the adapter out again, up to rounding. */
  unmerge(site: SiteMerge<Options>): MergeResult;
  readonly peft: {
    /** `peft_type` of `adapter_config.json`. */
    readonly type: string;
    /** Keys that PEFT writes and that this method leaves at these values. */
    readonly fixed: JsonObject;
    /** Keys of `adapter_config.json` beside the common and the fixed ones. */
    write(options: Options, model: ModelSites): JsonObject;
    /** Options of a file; every key that is read here is known, the others must have their default. */
    read(config: FieldReader): Options;
  };
  /**
   * Values that files leave out because they follow from the options and the base, by name without the adapter's: what PiSSA took
   * off the base, for instance. Throws `CONFIG_INCOMPATIBLE` where they do not follow.
   */
  imported?(
    context: Pick<InitialiseContext<Options>, "options" | "layout" | "model" | "base">,
  ): Promise<ReadonlyMap<string, Float32Array>>;
  /** Turns what was trained into what a file holds, where they differ: an encoder into its output, for instance. */
  exported?(options: Options, values: ReadonlyMap<string, Float32Array>): ExportedAdapter<Options> | undefined;
}
