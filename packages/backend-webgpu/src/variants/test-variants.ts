import { type Capabilities, halfProducts } from "@attune/tensor-core";
import { capabilitiesOf, featureNames, subgroupSize } from "../device/capabilities.ts";
import { type DeviceOptions, openDevice } from "../device/open-device.ts";
import { enoughLanes } from "../kernels/product/few-rows.ts";
import { matrixSizes } from "../kernels/product/subgroup-matrix.ts";
import { type BackendJudge, createBackendOn } from "../webgpu-backend.ts";
import { type JudgeVariant, withoutDenied } from "./variant.ts";

/** Whether kernels use a variant on a device. */
export interface VariantState {
  /** `f16-products`, `subgroup-matrix:` with its sizes where the device has some, or `subgroups`. */
  readonly variant: string;
  readonly usable: boolean;
  /** Why not: the device does without it, or what its self-test found. */
  readonly reason?: string | undefined;
}

/** Opens the GPU and says of every variant whether products use it where f16 is asked for. */
export async function testVariants(options: DeviceOptions, judge: BackendJudge): Promise<VariantState[]> {
  const opened = await openDevice(options);
  const backend = await createBackendOn(opened, { products: "f16" });
  try {
    const capabilities = await capabilitiesOf(opened, "f16");
    return await variantStates(capabilities, (variant) => judge(variant, opened, options, backend));
  } finally {
    await backend.dispose();
  }
}

/** The states of all variants on a device that was asked for f16 products. */
export async function variantStates(asked: Capabilities, judge: JudgeVariant): Promise<VariantState[]> {
  const { capabilities, denied } = await withoutDenied(asked, judge);
  const products = capabilities.features.has(halfProducts);
  const states: VariantState[] = denied.map(({ variant, reason }) => ({ variant, usable: false, reason }));
  const absent = (variant: string, reason: string): void => void states.push({ variant, usable: false, reason });
  if (products) states.unshift({ variant: halfProducts, usable: true });
  else if (!asked.features.has(featureNames.f16)) absent(halfProducts, "the device has no f16");
  const matrices = matrixSizes(capabilities);
  const name = featureNames.subgroupMatrix;
  if (products && matrices) states.push({ variant: `${name}${matrices.m}x${matrices.n}x${matrices.k}`, usable: true });
  else if (!states.some(({ variant }) => variant.startsWith(name)))
    absent(name.slice(0, -1), withoutMatrices(asked, products));
  const threads = subgroupSize(asked);
  if (threads >= enoughLanes) states.push({ variant: featureNames.subgroups, usable: true });
  else
    absent(
      featureNames.subgroups,
      asked.features.has(featureNames.subgroups)
        ? `subgroups are only sure to have ${threads} of the ${enoughLanes} threads that kernels want`
        : "the device has none",
    );
  return states;
}

function withoutMatrices({ features }: Capabilities, products: boolean): string {
  const sizes = [...features].filter((feature) => feature.startsWith(featureNames.subgroupMatrix));
  if (sizes.length === 0) return "the device has none that take f16 and sum in f32";
  if (!products) return "they are for f16 products, which are not used";
  return "none of the device's sizes divides the kernels' tiles";
}
