import { type ParameterSource, readParameter, writeParameter } from "@attune/models";
import { AttuneError } from "@attune/spec";
import { elementCount, type Runtime } from "@attune/tensor-core";
import type { Adapters, AttachedAdapter } from "./attach-adapters.ts";

/** Where an optimizer step stands. */
export interface AdapterStep {
  /** Optimizer steps before this one. */
  readonly step: number;
  /** Optimizer steps of the run. */
  readonly steps: number;
  /** State region of the gradients, laid out as the one of the parameters. Default "gradients". */
  readonly gradients?: string | undefined;
}

/** True if a method has something to do between backward and update. */
export function hasUpdateHook({ list }: Pick<Adapters, "list">): boolean {
  return list.some(({ method }) => method.beforeUpdate !== undefined);
}

/**
 * Runs the methods' hooks between backward and update.
 *
 * @throws AttuneError `INPUT_INVALID` for a hook that reads the gradient of a parameter that is not trained
 */
export async function beforeUpdate(
  runtime: Runtime,
  { list }: Pick<Adapters, "list">,
  placement: ParameterSource,
  step: AdapterStep,
): Promise<void> {
  for (const adapter of list) await runHook(runtime, adapter, placement, step);
}

async function runHook(
  runtime: Runtime,
  adapter: AttachedAdapter,
  placement: ParameterSource,
  { step, steps, gradients = "gradients" }: AdapterStep,
): Promise<void> {
  const { name, method, options, layout } = adapter;
  const access = { parameters: placement };
  await method.beforeUpdate?.({
    options,
    layout,
    step,
    steps,
    read: (bare) => readParameter(runtime, access, `${name}/${bare}`),
    write: (bare, values) => writeParameter(runtime, access, `${name}/${bare}`, values),
    async gradient(bare) {
      const place = placement.get(`${name}/${bare}`);
      if (place?.kind !== "state")
        throw new AttuneError("INPUT_INVALID", `Parameter "${name}/${bare}" is not trained, so it has no gradient.`);
      return (await runtime.states.read(gradients, place.offset, elementCount(place.type.shape))) as Float32Array;
    },
  });
}
