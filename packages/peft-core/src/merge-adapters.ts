// Merging gives the base new parameters, computed in f32 and cast once when they are stored. Each is computed when it is asked
// for, so a model larger than memory can be written merged. A merge that adds to a table that the head shares unties the head.
import { type Model, type ParameterSource, readParameter, type SiteDescription, writeParameter } from "@attune/models";
import { AttuneError } from "@attune/spec";
import { type Runtime, type Tensor, Trace, tensorType } from "@attune/tensor-core";
import type { MergeResult, NamedTensors } from "./adapter-method.ts";
import { type AdaptedSite, siteKey } from "./adapter-parameter.ts";
import type { Adapters, AttachedAdapter } from "./attach-adapters.ts";
import { denseTensor } from "./dense-tensor.ts";
import { sharedTensors, siteTensors } from "./read-tensors.ts";

/** Which adapters are merged, and in which direction. */
export interface MergeOptions {
  /** Names in the order in which they are merged. Default all. */
  readonly active?: readonly string[] | undefined;
  /** Take adapters out of a base that they were merged into, up to rounding. Default false. */
  readonly unmerge?: boolean | undefined;
}

/** A base with adapters merged into it, not computed yet. */
export interface MergedAdapters {
  /** Parameters that differ from the base's, as `saveModel` takes them. A tied head among them is untied. */
  readonly replace: ReadonlyMap<string, () => Promise<Float32Array>>;
  /**
   * Writes them over the base in the runtime, rounded to the formats there. Doing it twice is doing it once.
   *
   * @throws AttuneError `CONFIG_INCOMPATIBLE` where the head would have to be untied, which a model in a runtime cannot be
   */
  apply(): Promise<void>;
  /** Puts the base back, bit for bit. */
  restore(): Promise<void>;
}

/** One parameter to compute: which site gives it, under which of the site's names. */
interface MergeJob {
  readonly site: SiteDescription;
  readonly parts: readonly { readonly adapter: AttachedAdapter; readonly entry: AdaptedSite }[];
  readonly local: string;
}

/**
 * Merges adapters into their base.
 *
 * @param placement - of the adapters' values, in the same runtime
 * @throws AttuneError `CONFIG_INCOMPATIBLE` naming the site and why its adapter cannot be merged
 */
export function mergeAdapters(
  runtime: Runtime,
  model: Model,
  adapters: Adapters,
  placement: ParameterSource,
  { active, unmerge = false }: MergeOptions = {},
): MergedAdapters {
  const chosen = (active ?? adapters.list.map(({ name }) => name)).map(adapters.get);
  const jobs = listJobs(model, unmerge ? chosen.toReversed() : chosen, placement, unmerge);
  const kept = new Map<string, readonly Uint8Array[] | Float32Array>();
  const compute = async (name: string, job: MergeJob | string): Promise<Float32Array> => {
    if (kept.size > 0) return readParameter(runtime, model, name);
    return typeof job === "string"
      ? readParameter(runtime, model, job)
      : runJob(runtime, model, job, placement, unmerge);
  };
  const replace = new Map([...jobs].map(([name, job]) => [name, () => compute(name, job)]));
  return {
    replace,
    async apply() {
      if (kept.size > 0) return;
      const tied = [...replace.keys()].find((name) =>
        model.specs.some((spec) => spec.name === name && spec.tiedTo !== undefined),
      );
      if (tied !== undefined) {
        throw new AttuneError(
          "CONFIG_INCOMPATIBLE",
          `Merging gives "${tied}" values of its own, but in this model it shares its table.`,
          {
            hint: "Save the merged model with saveModel and load that, or keep the adapter apart.",
          },
        );
      }
      const made = new Map<string, Float32Array>();
      for (const [name, values] of replace) made.set(name, await values());
      for (const name of made.keys()) kept.set(name, await keep(runtime, model, name));
      for (const [name, values] of made) await writeParameter(runtime, model, name, values);
    },
    async restore() {
      for (const [name, values] of kept) await putBack(runtime, model, name, values);
      kept.clear();
    },
  };
}

/** What each new parameter comes from: a site, or another parameter whose values it takes over. */
function listJobs(
  model: Model,
  adapters: readonly AttachedAdapter[],
  placement: ParameterSource,
  unmerge: boolean,
): Map<string, MergeJob | string> {
  const jobs = new Map<string, MergeJob | string>();
  const all = adapters.flatMap((adapter) => adapter.layout.sites.map((entry) => ({ adapter, entry })));
  for (const key of new Set(all.map(({ entry }) => siteKey(entry.site)))) {
    const parts = all.filter(({ entry }) => siteKey(entry.site) === key);
    const { site } = parts[0]!.entry;
    const job = { site, parts };
    for (const local of Object.keys(traceMerge(new Trace(), model, job, placement, unmerge))) {
      jobs.set(`${site.name}.${local}`, { ...job, local });
    }
  }
  for (const { name, tiedTo } of model.specs) {
    if (tiedTo !== undefined && jobs.has(tiedTo) && !jobs.has(name)) jobs.set(name, tiedTo);
  }
  return jobs;
}

async function runJob(
  runtime: Runtime,
  model: Model,
  job: MergeJob,
  placement: ParameterSource,
  unmerge: boolean,
): Promise<Float32Array> {
  const program = await runtime.compile((trace) => {
    trace.output("merged", traceMerge(trace, model, job, placement, unmerge)[job.local]!);
  });
  try {
    const { merged } = await program.run();
    const values = merged as Float32Array;
    if (values.every(Number.isFinite)) return values;
    throw new AttuneError("NUMERICS", `Merging "${job.site.name}.${job.local}" gives values that are not finite.`);
  } finally {
    program.dispose();
  }
}

/** The changed parameters of a site. */
function traceMerge(
  trace: Trace,
  model: Model,
  { site, parts }: Pick<MergeJob, "site" | "parts">,
  placement: ParameterSource,
  unmerge: boolean,
): NamedTensors {
  const original = baseTensors(trace, model, site);
  const changed: Record<string, Tensor> = {};
  for (const { adapter, entry } of parts) {
    const parameters = siteTensors(adapter, entry, placement, trace);
    const replaced = Object.entries(entry.parameters).filter(([, { replaces }]) => replaces !== undefined);
    const refused = (because: string): AttuneError =>
      new AttuneError(
        "CONFIG_INCOMPATIBLE",
        `Adapter "${adapter.name}" cannot be ${unmerge ? "taken out of" : "merged into"} "${site.name}": ${because}.`,
      );
    for (const [local, { replaces }] of replaced) {
      if (unmerge) throw refused(`the base's own "${replaces}" is not in the adapter`);
      if (changed[replaces!] !== undefined) throw refused(`another adapter already replaces "${replaces}"`);
      changed[replaces!] = parameters[local]!;
    }
    if (replaced.length > 0 && replaced.length === Object.keys(entry.parameters).length) continue;
    const given = {
      options: adapter.options,
      site,
      trace,
      parameters,
      shared: sharedTensors(adapter, placement, trace),
      base: { ...original, ...changed },
      original,
    };
    const result: MergeResult = unmerge ? adapter.method.unmerge(given) : adapter.method.merge(given);
    if ("refused" in result) throw refused(result.refused);
    Object.assign(changed, result.parameters);
  }
  return changed;
}

/** The site's own parameters, dense. */
function baseTensors(trace: Trace, model: Model, site: SiteDescription): Record<string, Tensor> {
  const entries = Object.entries(site.parameters).map(([local, { name }]) => {
    const place = model.parameters.get(name)!;
    const tensor =
      place.kind === "weight"
        ? trace.weight(place.name, place.type)
        : trace.state(place.region, place.type, place.offset);
    return [local, denseTensor(tensor)] as const;
  });
  return Object.fromEntries(entries);
}

async function keep(runtime: Runtime, model: Model, name: string): Promise<readonly Uint8Array[] | Float32Array> {
  const place = model.parameters.get(name)!;
  return place.kind === "weight" ? runtime.weights.read(place.name) : readParameter(runtime, model, name);
}

async function putBack(
  runtime: Runtime,
  model: Model,
  name: string,
  values: readonly Uint8Array[] | Float32Array,
): Promise<void> {
  const place = model.parameters.get(name)!;
  if (place.kind === "state") return writeParameter(runtime, model, name, values as Float32Array);
  runtime.weights.delete(place.name);
  await runtime.weights.put(
    place.name,
    tensorType(place.type.shape, place.type.dtype, place.type.format),
    values as readonly Uint8Array[],
  );
}
