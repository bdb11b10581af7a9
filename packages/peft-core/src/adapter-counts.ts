import { countParameters, type Model } from "@attune/models";
import { elementCount } from "@attune/tensor-core";
import type { AdapterParameter } from "./adapter-parameter.ts";
import type { AttachedAdapter } from "./attach-adapters.ts";

/** Numbers of values, as PEFT's `print_trainable_parameters` counts them. */
export interface AdapterCounts {
  readonly trainable: number;
  /** Of the base and all adapters. Trained biases are the base's own in PEFT, so they count once. */
  readonly total: number;
}

/** What an adapter is, for people and for logs. */
export interface AdapterDescription {
  readonly name: string;
  readonly method: string;
  readonly options: unknown;
  /** Modules that it touches, in the order of the forward pass. */
  readonly modules: readonly string[];
  readonly parameters: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly role: AdapterParameter["role"];
    readonly group: string;
  }[];
  readonly trainable: number;
}

/** Counts the values of adapters and of their base. */
export function countAdapters(
  model: Pick<Model, "family" | "config">,
  adapters: readonly Pick<AttachedAdapter, "parameters">[],
): AdapterCounts {
  const parameters = adapters.flatMap((adapter) => adapter.parameters);
  const added = parameters.filter(({ replaces, key }) => replaces !== "bias" && key !== undefined);
  return {
    trainable: trainedElements(parameters),
    total: countParameters(model.family, model.config) + elements(added),
  };
}

/** Describes one adapter. */
export function describeAdapter({ name, method, options, layout, parameters }: AttachedAdapter): AdapterDescription {
  return {
    name,
    method: method.id,
    options,
    modules: [...new Set(layout.sites.map(({ site }) => site.name))],
    parameters: parameters.map(({ name: full, shape, role, group }) => ({ name: full, shape, role, group })),
    trainable: trainedElements(parameters),
  };
}

function trainedElements(parameters: readonly AdapterParameter[]): number {
  return elements(parameters.filter(({ role }) => role === "trained"));
}

function elements(parameters: readonly AdapterParameter[]): number {
  return parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0);
}
