// Kernels of "linear" and "batchedMatmul" by a native library, for backends that were lent one.
import { isPlain, type KernelDef, type Signature } from "@attune/tensor-core";
import { cpuKernel, signatureKey } from "../define-kernel.ts";
import { createEpilogue } from "./epilogue.ts";
import { acceptsFormats, type LinearAttributes, linearExtent, matmulExtent } from "./linear.ts";
import { nativeProduct } from "./native-product.ts";
import { shapeNativeProduct } from "./native-shape.ts";
import type { ProductExtent } from "./product-shape.ts";

/** Below this many FLOPs the call, and packing in the library, cost more than they save. */
const fewestFlops = 2 ** 17;
/** Rows of C below which reading B is most of the work. */
const fewestRows = 5;
/** Columns of C, and terms of its sums, below which a library mostly packs: with the 8 of a LoRA factor it has half the speed. */
const smallestSide = 16;

/** B is decoded unless it is plain f32. */
function slabBytesOf({ inputs }: Signature, slabBytes: number): number | undefined {
  return isPlain(inputs[1]!) ? undefined : slabBytes;
}

function accepts(signature: Signature, { batch, m, k, n }: ProductExtent): number | undefined {
  const large = m >= fewestRows && Math.min(k, n) >= smallestSide && 2 * m * k * n >= fewestFlops;
  return large && acceptsFormats(signature) && (batch === 1 || isPlain(signature.inputs[1]!)) ? 1.5 : undefined;
}

/** Most bytes of B that are decoded at a time. */
const mostSlabBytes = 2 ** 25;

/** The kernels. Results depend on `slabBytes` only by the order in which a decoded B's products are added. */
export const createNativeKernels = (slabBytes: number = mostSlabBytes): readonly KernelDef[] => [
  cpuKernel({
    op: "linear",
    variant: "native",
    accepts: (signature) => accepts(signature, linearExtent(signature)),
    lower(signature) {
      const { bias, residual, activation } = signature.attributes as unknown as LinearAttributes;
      const { format, shape: shapeOfB } = signature.inputs[1]!;
      const shape = shapeNativeProduct(linearExtent(signature), slabBytesOf(signature, slabBytes));
      const componentsOfB = format.components(shapeOfB).length;
      const afterB = 1 + componentsOfB;
      const output = afterB + Number(bias) + Number(residual);
      return nativeProduct({
        key: signatureKey(signature, ".native"),
        shape,
        bindings: output + 1,
        componentsOfB,
        output,
        decodeB: format.decoders.cpu!,
        epilogue: createEpilogue({
          bias: bias ? afterB : undefined,
          residual: residual ? output - 1 : undefined,
          activation,
          output,
          columns: shape.n,
        }),
      });
    },
  }),
  cpuKernel({
    op: "batchedMatmul",
    variant: "native",
    accepts: (signature) => accepts(signature, matmulExtent(signature)),
    lower(signature) {
      const { format, shape } = signature.inputs[1]!;
      const componentsOfB = format.components(shape).length;
      return nativeProduct({
        key: signatureKey(signature, ".native"),
        shape: shapeNativeProduct(matmulExtent(signature), slabBytesOf(signature, slabBytes)),
        bindings: componentsOfB + 2,
        componentsOfB,
        output: componentsOfB + 1,
        decodeB: format.decoders.cpu!,
      });
    },
  }),
];
