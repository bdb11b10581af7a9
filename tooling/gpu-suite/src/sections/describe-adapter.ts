// What an adapter says of itself, whole: what the backend does not use today may explain tomorrow why something failed.
import type { JsonObject, JsonValue } from "@attune/spec";
import { create } from "webgpu";
import type { SuiteOptions } from "../section.ts";

/** An adapter, and what it took to find it. */
export interface AdapterDescription {
  readonly info: JsonObject & { readonly isFallbackAdapter?: boolean; readonly device?: string };
  readonly features: readonly string[];
  readonly limits: JsonObject;
  readonly wgslFeatures: readonly string[];
  readonly milliseconds: number;
}

/** Dawn crashes the process when one is collected before everything that came of it. */
const kept: GPU[] = [];

function createGpu(flags: string[]): GPU {
  const gpu = create(flags);
  kept.push(gpu);
  return gpu;
}

/** The adapter that Dawn gives for flags beside those of `options`, undefined without one. */
export async function describeAdapter(
  { flags = [], adapter: name }: Pick<SuiteOptions, "flags" | "adapter">,
  dawnFlags: readonly string[],
): Promise<AdapterDescription | undefined> {
  const start = performance.now();
  const gpu = createGpu([...(name === undefined ? [] : [`adapter=${name}`]), ...flags, ...dawnFlags]);
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) return undefined;
  return {
    info: { ...plain(adapter.info), subgroupMatrixConfigs: matrixConfigs(adapter.info) },
    features: [...adapter.features].sort(),
    limits: plain(adapter.limits),
    wgslFeatures: [...gpu.wgslLanguageFeatures].sort(),
    milliseconds: performance.now() - start,
  };
}

/** Names of all adapters of a backend of Dawn: it lists them where none has the name that it is asked for. */
export async function listAdapters(flags: readonly string[]): Promise<string> {
  try {
    const adapter = await createGpu([...flags, "adapter=no adapter has this name"]).requestAdapter();
    return adapter === null ? "none" : "one that has any name";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Properties of an object of Dawn, which are getters of its prototype. */
function plain(value: object): Record<string, JsonValue> {
  const found: Record<string, JsonValue> = {};
  for (const name in value) {
    const property: unknown = value[name as keyof typeof value];
    if (["string", "number", "boolean"].includes(typeof property)) found[name] = property as JsonValue;
  }
  return found;
}

/** Configurations of subgroup matrices: objects of Dawn whose members are read by name. */
function matrixConfigs(info: GPUAdapterInfo): JsonValue[] {
  const { subgroupMatrixConfigs = [] } = info as { subgroupMatrixConfigs?: Iterable<Record<string, JsonValue>> };
  return [...subgroupMatrixConfigs].map(({ componentType, resultComponentType, M, N, K }) => ({
    componentType: componentType ?? null,
    resultComponentType: resultComponentType ?? null,
    M: M ?? null,
    N: N ?? null,
    K: K ?? null,
  }));
}
