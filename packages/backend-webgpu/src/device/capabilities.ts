import { type Capabilities, halfProducts } from "@attune/tensor-core";
import { nameOf, type OpenedDevice } from "./open-device.ts";
import { takesMatrixLayouts } from "./probe-matrices.ts";

/** How products compute: in f32, or with operands rounded to f16 and sums in f32. A numerics class each. */
export type ProductPrecision = "f32" | "f16";

/** Names in `Capabilities.features`; sizes follow their name after a colon. */
export const featureNames = {
  f16: "f16",
  subgroups: "subgroups",
  /** Followed by the fewest threads that a subgroup has. */
  subgroupSize: "subgroup-size:",
  /** A shader can ask for a size of subgroups. */
  subgroupSizeControl: "subgroup-size-control",
  /** Followed by M, N and K of an f16 matrix with an f32 result. */
  subgroupMatrix: "subgroup-matrix:",
  /** Layouts of subgroup matrices are template arguments. */
  matrixLayouts: "subgroup-matrix-layouts",
  /** Followed by the adapter's name: bits depend on its driver. */
  adapter: "adapter:",
  /** Followed by the bytes of workgroup memory. */
  workgroupBytes: "workgroup-bytes:",
} as const;

/** A configuration of subgroup matrices, as Dawn lists them. */
interface SubgroupMatrixConfig {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** What the planner and the kernels have to know of a device. */
export async function capabilitiesOf(
  { device, features, info }: OpenedDevice,
  precision: ProductPrecision,
): Promise<Capabilities> {
  const { limits } = device;
  const names = new Set<string>([
    `${featureNames.adapter}${nameOf(info)}`,
    `${featureNames.workgroupBytes}${limits.maxComputeWorkgroupStorageSize}`,
  ]);
  if (features.has("shader-f16")) names.add(featureNames.f16);
  if (features.has("shader-f16") && precision === "f16") names.add(halfProducts);
  if (features.has("subgroups")) {
    names.add(featureNames.subgroups).add(`${featureNames.subgroupSize}${info.subgroupMinSize ?? 4}`);
    if (features.has("subgroup-size-control")) names.add(featureNames.subgroupSizeControl);
  }
  if (
    features.has("chromium-experimental-subgroup-matrix") &&
    features.has("shader-f16") &&
    hasMatrixSubgroups(info, features)
  ) {
    const { subgroupMatrixConfigs = [] } = info as { subgroupMatrixConfigs?: Iterable<SubgroupMatrixConfig> };
    for (const { componentType, resultComponentType, M, N, K } of subgroupMatrixConfigs) {
      if (componentType === "f16" && resultComponentType === "f32")
        names.add(`${featureNames.subgroupMatrix}${M}x${N}x${K}`);
    }
    if (await takesMatrixLayouts(device)) names.add(featureNames.matrixLayouts);
  }
  return {
    alignment: limits.minStorageBufferOffsetAlignment,
    maxBindingBytes: limits.maxStorageBufferBindingSize,
    splitsBindings: true,
    maxBindings: limits.maxStorageBuffersPerShaderStage,
    maxAllocationBytes: limits.maxBufferSize,
    inPlace: true,
    features: names,
  };
}

/** Threads of a subgroup in kernels on subgroup matrices. */
const matrixThreads = 32;

/** Whether these kernels get subgroups of their size: they may ask for it, or the device has no other. */
function hasMatrixSubgroups(
  { subgroupMinSize = 4, subgroupMaxSize = 128 }: GPUAdapterInfo,
  features: ReadonlySet<string>,
): boolean {
  if (features.has("subgroup-size-control"))
    return subgroupMinSize <= matrixThreads && subgroupMaxSize >= matrixThreads;
  return subgroupMinSize === matrixThreads && subgroupMaxSize === matrixThreads;
}

/** Bytes of workgroup memory; the 16 KiB that every device has unless the capabilities say more. */
export function workgroupBytes({ features }: Capabilities): number {
  return numberAfter(featureNames.workgroupBytes, features) ?? 16384;
}

/** Threads that are certain to be in one subgroup; 1 on a device without subgroups. */
export function subgroupSize({ features }: Capabilities): number {
  return numberAfter(featureNames.subgroupSize, features) ?? 1;
}

function numberAfter(prefix: string, features: ReadonlySet<string>): number | undefined {
  for (const feature of features) if (feature.startsWith(prefix)) return Number(feature.slice(prefix.length));
  return undefined;
}
