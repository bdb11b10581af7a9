// Where there are no child processes, a variant is tried on the device itself: browsers run drivers in a process of their own.
import { AttuneError, toAttuneError } from "@attune/spec";
import { type Backend, halfProducts } from "@attune/tensor-core";
import { findWrongProducts, hidesOverflow } from "./self-test.ts";
import { oneLine, onlyVariant, type Variant, type Verdict } from "./variant.ts";

/** Runs the self-test of a variant on a backend. */
export async function testVariant(backend: Backend, variant: Variant): Promise<Verdict> {
  const alone = { ...backend, capabilities: onlyVariant(backend.capabilities, variant) };
  const kernels = variant === halfProducts ? "tiled-f16" : "subgroup-matrix";
  try {
    const wrong = await findWrongProducts(alone, kernels);
    if (wrong !== undefined) return { usable: false, reason: wrong };
    if (await hidesOverflow(alone)) return { usable: false, reason: "it makes a number of what overflows f16" };
    return { usable: true };
  } catch (error) {
    return { usable: false, reason: `its self-test failed: ${oneLine(toAttuneError(error).message)}` };
  }
}

/** The self-test with a time limit, milliseconds. @throws AttuneError `DEVICE_UNAVAILABLE` where the device does not answer any more */
export async function judgeInPlace(backend: Backend, variant: Variant, timeout = 20_000): Promise<Verdict> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new AttuneError(
            "DEVICE_UNAVAILABLE",
            `The GPU gave no answer within ${timeout} ms to the test of ${variant}.`,
            {
              hint: 'Open it again with products: "f32".',
            },
          ),
        ),
      timeout,
    );
  });
  try {
    return await Promise.race([testVariant(backend, variant), late]);
  } finally {
    clearTimeout(timer);
  }
}
