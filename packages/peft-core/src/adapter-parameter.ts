import type { SiteDescription } from "@attune/models";
import type { RandomSequence } from "@attune/tensor-core";

/** What first values may depend on. */
export interface InitialContext {
  /** A stream of its own for each parameter: values depend on the seed and on the parameter's name alone. */
  readonly random: RandomSequence;
  /** Values of the site's own parameter, for instance "weight", row-major. */
  base(name: string): Promise<Float32Array>;
  /** First values of parameters of the same site that were declared before this one. */
  readonly earlier: Readonly<Record<string, Float32Array>>;
}

/** A tensor of an adapter, as its method declares it. */
export interface ParameterDeclaration {
  readonly shape: readonly number[];
  /**
   * `trained` by the optimizer (default), `frozen` at its first values, or `state` that only the method's own hook changes.
   */
  readonly role?: "trained" | "frozen" | "state" | undefined;
  /** One of the method's parameter groups. */
  readonly group?: string | undefined;
  /** First values. Default: the base values of the parameter it replaces, otherwise zeros. */
  readonly initial?: ((context: InitialContext) => Float32Array | Promise<Float32Array>) | undefined;
  /** The site's own parameter whose place it takes while the adapter is active; the method's forward has no part in it. */
  readonly replaces?: string | undefined;
  /**
   * Name in a PEFT file. Default: `base_model.model.<module>.<name>` at a site, `base_model.<name>` if shared; null for what is
   * needed in training only and not exported.
   */
  readonly key?: string | null | undefined;
}

/** Declarations by the name that follows the module's path, for instance `lora_A.weight`. */
export type ParameterDeclarations = Readonly<Record<string, ParameterDeclaration>>;

/** A site and what an adapter has there. */
export interface AdaptedSite {
  readonly site: SiteDescription;
  readonly parameters: ParameterDeclarations;
  /**
   * Base parameters that PEFT files repeat, unchanged: file name after the module's path -> name at the site. They are written,
   * and checked against the base when they are read.
   */
  readonly storedBase?: Readonly<Record<string, string>> | undefined;
}

/** All tensors of an adapter. */
export interface AdapterLayout {
  readonly sites: readonly AdaptedSite[];
  /** Tensors that belong to no site, for instance projections that all sites share. */
  readonly shared?: ParameterDeclarations | undefined;
}

/** A tensor of an attached adapter. */
export interface AdapterParameter {
  /** Unique over the adapters of a model: `<adapter>/<module path>.<name>`, or `<adapter>/<name>` if shared. */
  readonly name: string;
  readonly adapter: string;
  /** The name it was declared with. */
  readonly local: string;
  readonly site: SiteDescription | undefined;
  readonly shape: readonly number[];
  readonly role: "trained" | "frozen" | "state";
  /** Name of its parameter group, `default` or `<adapter>/<group>`. */
  readonly group: string;
  readonly replaces: string | undefined;
  /** Name in a PEFT file; undefined if it is not exported. */
  readonly key: string | undefined;
  readonly initial: ParameterDeclaration["initial"];
}

/** What tells sites apart: modules may have several, and keys and values are two crossings of one. */
export function siteKey({ kind, name, part }: Pick<SiteDescription, "kind" | "name" | "part">): string {
  return `${kind} ${name} ${part ?? ""}`;
}
