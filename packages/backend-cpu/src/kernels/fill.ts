// Tensors made of nothing: one value everywhere (fill), ascending integers (iota).
import type { KernelDef } from "@attune/tensor-core";
import { elementCount } from "@attune/tensor-core";
import { address, type FunctionBuilder, f32x4, i32, i32x4, type Local, type Value } from "@attune/tensor-core/wasm";
import { cpuKernel, signatureKey } from "./define-kernel.ts";
import { forDynamicVectors, kernelFunction, minimum, simpleCode, storeLanes } from "./kernel-function.ts";

const stretch = 32768;

/** A kernel without inputs: four values from the number of the first. */
function generatingKernel(
  op: string,
  valueAt: (f: FunctionBuilder, attributes: { readonly [name: string]: unknown }, index: Local<"i32">) => Value<"v128">,
): KernelDef {
  return cpuKernel({
    op,
    lower(signature) {
      const count = elementCount(signature.outputs[0]!.shape);
      return simpleCode(signatureKey(signature), Math.ceil(count / stretch), (module) =>
        kernelFunction(module, op, 1, (f, { bindings: [y], tile }) => {
          const index = f.keep(i32.mul(tile, stretch));
          const here = f.keep(minimum(i32.sub(i32.constant(count), index), i32.constant(stretch)));
          const base = f.keep(address.at(y!, index, 4));
          forDynamicVectors(f, here, (offset, lanes) => {
            storeLanes(f, address.add(base, offset), valueAt(f, signature.attributes, index), lanes);
            f.increment(index, 4);
          });
        }),
      );
    },
  });
}

const fill = generatingKernel("fill", (f, { value, dtype }) =>
  f.hoisted((dtype === "f32" ? f32x4 : i32x4).constant(value as number)),
);

const iota = generatingKernel("iota", (f, { start }, index) =>
  i32x4.add(
    i32x4.splat(index),
    f.hoisted(i32x4.constant(...[0, 1, 2, 3].map((lane) => lane + ((start as number | undefined) ?? 0)))),
  ),
);

export const fillKernels: readonly KernelDef[] = [fill, iota];
