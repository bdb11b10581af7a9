// Variants of shaders that a driver may crash on, hang on or compute wrongly: f16 arithmetic, and matrices of subgroups
// (kvark/blade#333, onnxruntime#24782). None is used on a device before a self-test has passed there; without it the plain path is.
import { type Capabilities, halfProducts } from "@attune/tensor-core";
import { featureNames } from "../device/capabilities.ts";
import { matrixSizes } from "../kernels/product/subgroup-matrix.ts";

/** A variant, named as the feature that turns it on: `f16-products`, or `subgroup-matrix:16x16x16`. */
export type Variant = string;

/** What a self-test found. */
export type Verdict = { readonly usable: true } | { readonly usable: false; readonly reason: string };

/** A variant that is not used although it was asked for and the device has it. */
export interface DeniedVariant {
  readonly variant: Variant;
  readonly reason: string;
}

/** Whether a variant may be used on the device at hand. */
export type JudgeVariant = (variant: Variant) => Promise<Verdict>;

/** The riskiest variant that kernels would use with these features, after those that were found usable. */
function nextVariant(capabilities: Capabilities, usable: ReadonlySet<Variant>): Variant | undefined {
  const products = halfProducts;
  if (!capabilities.features.has(products)) return undefined;
  if (!usable.has(products)) return products;
  const sizes = matrixSizes(capabilities);
  if (sizes === undefined) return undefined;
  const matrices = `${featureNames.subgroupMatrix}${sizes.m}x${sizes.n}x${sizes.k}`;
  return usable.has(matrices) ? undefined : matrices;
}

/** The capabilities without the variants that may not be used. */
export async function withoutDenied(
  capabilities: Capabilities,
  judge: JudgeVariant,
): Promise<{ readonly capabilities: Capabilities; readonly denied: readonly DeniedVariant[] }> {
  const features = new Set(capabilities.features);
  const left = { ...capabilities, features };
  const usable = new Set<Variant>();
  const denied: DeniedVariant[] = [];
  for (let variant = nextVariant(left, usable); variant !== undefined; variant = nextVariant(left, usable)) {
    const verdict = await judge(variant);
    if (verdict.usable) usable.add(variant);
    else {
      features.delete(variant);
      denied.push({ variant, reason: verdict.reason });
    }
  }
  return { capabilities: left, denied };
}

/** The capabilities with one variant and no other, for its self-test. */
export function onlyVariant(capabilities: Capabilities, variant: Variant): Capabilities {
  const features = [...capabilities.features].filter(
    (feature) => feature === variant || !feature.startsWith(featureNames.subgroupMatrix),
  );
  return { ...capabilities, features: new Set(features) };
}

/** What a driver or a compiler says, in a line that a verdict may hold: without line feeds and other control characters. */
export function oneLine(text: string): string {
  return text
    .replace(/[\s\p{C}]+/gu, " ")
    .trim()
    .slice(0, 400);
}

/** What a denial means, for people. */
export function describeDenial(adapter: string, { variant, reason }: DeniedVariant): string {
  const what =
    variant === halfProducts
      ? "computes products in f32 instead of f16"
      : `does without subgroup matrices of ${variant.slice(featureNames.subgroupMatrix.length)}`;
  return `The GPU "${adapter}" ${what}: ${reason}.`;
}
