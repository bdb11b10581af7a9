import { type Model, readParameter, writeParameter } from "@attune/models";
import { AttuneError } from "@attune/spec";
import { createRandomSequence, elementCount, type Runtime } from "@attune/tensor-core";
import type { InitialContext } from "./adapter-parameter.ts";
import { type Adapters, type AttachedAdapter, valuesOf } from "./attach-adapters.ts";
import { bareName } from "./list-parameters.ts";
import { observeInputs, type TokenBatch } from "./observe-inputs.ts";

/** What first values depend on. */
export interface InitialiseAdaptersOptions {
  readonly seed: number;
  /** Data for methods that look at activations; made anew for each pass. */
  readonly data?: (() => AsyncIterable<TokenBatch> | Iterable<TokenBatch>) | undefined;
}

/** First values, and the way back where a method changed the base. */
export interface InitialisedAdapters {
  /** By parameter name, for every parameter. */
  readonly values: ReadonlyMap<string, Float32Array>;
  /** Names of base parameters that were changed. */
  readonly changedBase: readonly string[];
  /** Puts the base back as it was. */
  restoreBase(): Promise<void>;
}

/**
 * Makes the first values of adapters; they depend on the seed and the parameters' names. A method may change the base for it.
 *
 * @throws AttuneError `DATA_EMPTY` where a method needs data and there is none
 */
export async function initialiseAdapters(
  runtime: Runtime,
  model: Model,
  adapters: Pick<Adapters, "list" | "sites">,
  { seed, data }: InitialiseAdaptersOptions,
): Promise<InitialisedAdapters> {
  const values = new Map<string, Float32Array>();
  const original = new Map<string, Float32Array>();
  for (const adapter of adapters.list) {
    const declared = await declaredValues(runtime, model, adapter, seed);
    const { method, options, layout, name } = adapter;
    const made = await method.initialise?.({
      options,
      layout,
      model: { ...model, sites: adapters.sites },
      seed,
      values: declared,
      base: (parameter) => readParameter(runtime, model, parameter),
      inputs(sites) {
        if (data === undefined) {
          throw new AttuneError(
            "DATA_EMPTY",
            `Method "${method.id}" takes its first values from data, but none was given.`,
            {
              hint: "Pass data to initialiseAdapters.",
            },
          );
        }
        return observeInputs(runtime, model, sites, data());
      },
    });
    for (const [bare, floats] of [...declared, ...(made?.values ?? [])]) values.set(`${name}/${bare}`, floats);
    for (const { name: full, shape } of adapter.parameters) valuesOf(values, full, shape);
    for (const [parameter, floats] of made?.base ?? []) {
      if (!original.has(parameter)) original.set(parameter, await readParameter(runtime, model, parameter));
      await writeParameter(runtime, model, parameter, floats);
    }
  }
  return {
    values,
    changedBase: [...original.keys()],
    async restoreBase() {
      for (const [parameter, floats] of original) await writeParameter(runtime, model, parameter, floats);
      original.clear();
    },
  };
}

/** Values of every declaration, by name without the adapter's. */
async function declaredValues(
  runtime: Runtime,
  model: Model,
  { parameters }: AttachedAdapter,
  seed: number,
): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const { name, local, site, shape, replaces, initial } of parameters) {
    const base = (parameter: string): Promise<Float32Array> => {
      const own = site?.parameters[parameter];
      if (own) return readParameter(runtime, model, own.name);
      throw new AttuneError(
        "INTERNAL",
        `First values of "${name}" ask for "${parameter}", which its site does not have.`,
      );
    };
    const context: InitialContext = {
      random: createRandomSequence(seed, name),
      base,
      get earlier() {
        const prefix = site === undefined ? "" : `${site.name}.`;
        const own = parameters.filter((other) => other.site === site && values.has(bareName(other)));
        return Object.fromEntries(own.map((other) => [other.local, values.get(`${prefix}${other.local}`)!]));
      },
    };
    const made = initial
      ? await initial(context)
      : replaces === undefined
        ? new Float32Array(elementCount(shape))
        : await base(replaces);
    values.set(bareName({ site, local }), made);
  }
  return values;
}
