// The ways in which a device can compute a product: backends that differ in nothing else.
import type { Backend } from "@attune/tensor-core";
import { halfProducts } from "@attune/tensor-core";
import type { SectionContext } from "../section.ts";

/** A backend with a variant of shaders and nothing beyond it. */
export interface VariantBackend {
  readonly variant: string;
  readonly backend: Backend;
}

function withFeatures(backend: Backend, keep: (feature: string) => boolean): Backend {
  const features = new Set([...backend.capabilities.features].filter(keep));
  return { ...backend, capabilities: { ...backend.capabilities, features } };
}

/** Plain shaders, those with subgroups, with f16, and with each size of subgroup matrices that the device has and that passed. */
export async function openVariants(context: SectionContext): Promise<VariantBackend[]> {
  const [full, half] = [await context.open("f32"), await context.open("f16")];
  const matrices = "subgroup-matrix:";
  const variants = [{ variant: "plain", backend: withFeatures(full, (name) => !name.startsWith("subgroup")) }];
  if (full.capabilities.features.has("subgroups")) variants.push({ variant: "subgroups", backend: full });
  if (half.capabilities.features.has(halfProducts)) {
    variants.push({ variant: "f16", backend: withFeatures(half, (name) => !name.startsWith(matrices)) });
    for (const size of [...half.capabilities.features].filter((name) => name.startsWith(matrices)))
      variants.push({
        variant: `matrices ${size.slice(matrices.length)}`,
        backend: withFeatures(half, (name) => name === size || !name.startsWith(matrices)),
      });
  }
  return variants;
}
