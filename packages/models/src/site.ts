// A site is a named place where a model reads its parameters or hands on a value: what adapters transform and observers watch.
import type { Tensor, Trace } from "@attune/tensor-core";
import type { ForwardContext } from "./forward-context.ts";
import type { Scope } from "./scope.ts";

/** Kinds of site; a visitor tells by them what `x` and the result mean. */
export type SiteKind =
  | "linear"
  | "expertLinear"
  | "embedding"
  | "norm"
  | "activation"
  | "subBlock"
  | "keyValue"
  | "inputEmbeddings"
  | "head";

/** A parameter that a site reads; it enters the graph only if it is read. */
export interface SiteParameter {
  /** Full name in the checkpoint. A tied head names the embedding's table. */
  readonly name: string;
  readonly shape: readonly number[];
  read(): Tensor;
}

/** What is known of a site without tracing a model. */
export interface SiteDescription {
  readonly kind: SiteKind;
  /** Module path as in the checkpoint, for example `model.layers.0.self_attn.q_proj`. */
  readonly name: string;
  /** `keyValue` is crossed twice, once for each. */
  readonly part?: "key" | "value" | undefined;
  /** Size of the last axis of the input; the number of rows of the table for an embedding. */
  readonly inFeatures: number;
  /** Size of the last axis of the result. */
  readonly outFeatures: number;
  /** `weight` and `bias`, where the site has them. */
  readonly parameters: Readonly<Record<string, Omit<SiteParameter, "read">>>;
}

/** One crossing of a site while a model is traced. */
export interface SiteCrossing extends SiteDescription {
  /** The input: ids for an embedding, activations elsewhere. Rely on its last axis only: the head is crossed in row chunks. */
  readonly x: Tensor;
  /** `subBlock`: the stream that the result is added to. `x` is the normed input of the module, the result its output. */
  readonly residual?: Tensor | undefined;
  readonly parameters: Readonly<Record<string, SiteParameter>>;
  readonly trace: Trace;
  readonly scope: Scope;
  /** The forward pass that this crossing belongs to; absent at the head. */
  readonly context: ForwardContext | undefined;
}

/** What a visitor puts in the place of what the site would use. */
export interface SiteReplacement {
  readonly x?: Tensor | undefined;
  /** By name, in the shapes of the site's own; a bias may be given where the site has none. */
  readonly parameters?: Readonly<Record<string, Tensor>> | undefined;
}

/** Goes on with the site: through the visitors that follow, to the computation itself. */
export type SiteNext = (replaced?: SiteReplacement) => Tensor;

/**
 * Middleware around a site. Returning `next()` observes it; anything else transforms it. It runs in the site's trace scope, so
 * that `trace.stream()` is its own. Which visitors there are is fixed while tracing.
 */
export type SiteVisitor = (crossing: SiteCrossing, next: SiteNext) => Tensor;
