// The device "webgpu": the GPU, through a backend that is loaded when it is asked for.
import type { createWebgpuBackend, ProductPrecision } from "@attune/backend-webgpu";
import { AttuneError } from "@attune/spec";
import { type Backend, roundsProductsToHalf } from "@attune/tensor-core";

type CreateBackend = typeof createWebgpuBackend;

/**
 * Opens the GPU backend. A recipe that asks for products in f16 gets them or an error: its numbers must not depend on what a driver can.
 *
 * @throws AttuneError `DEVICE_UNAVAILABLE` without a GPU, and where products in f16 are asked for and it has none or failed their
 * self-test; `DEPENDENCY_MISSING` without the package webgpu
 */
export async function openWebgpu(products: ProductPrecision, create?: CreateBackend): Promise<Backend> {
  const createBackend = create ?? (await import("@attune/backend-webgpu")).createWebgpuBackend;
  if (products === "f32") return createBackend();
  const notices: string[] = [];
  const backend = await createBackend({ products, onNotice: (sentence) => notices.push(sentence) });
  if (roundsProductsToHalf(backend.capabilities)) {
    for (const sentence of notices) console.warn(sentence);
    return backend;
  }
  await backend.dispose();
  throw new AttuneError("DEVICE_UNAVAILABLE", ["Products in f16 were asked for.", ...notices].join(" "), {
    hint: "Leave products out, or set it to f32. `attune doctor` says what the GPU can be trusted with.",
    details: { key: "products" },
  });
}
