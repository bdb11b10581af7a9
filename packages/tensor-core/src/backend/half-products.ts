import type { ProductOperands } from "../op-def/error-bound.ts";
import type { Capabilities } from "./backend.ts";

/** The feature of a device whose products round their operands to f16: a numerics class, and one in which a loss has to be scaled. */
export const halfProducts = "f16-products";

/** Whether products round their operands to f16. */
export function roundsProductsToHalf({ features }: Pick<Capabilities, "features">): boolean {
  return features.has(halfProducts);
}

/** What a device rounds the operands of products to. */
export function operandsOfProducts(capabilities: Pick<Capabilities, "features">): ProductOperands {
  return roundsProductsToHalf(capabilities) ? "f16" : "f32";
}
