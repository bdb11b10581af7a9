// Kernels of "linear" and "batchedMatmul" by packed products.
import { elementCount, float32, formatType, type KernelDef, type Signature } from "@attune/tensor-core";
import { createEpilogue } from "./epilogue.ts";
import { matrixProduct } from "./matrix-product.ts";
import { type ProductExtent, shapeProduct } from "./product-shape.ts";

export interface LinearAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly bias: boolean;
  readonly residual: boolean;
  readonly activation: string;
}

/** Sizes and transposes of a linear node. */
export function linearExtent({ inputs, attributes }: Signature): ProductExtent {
  const { transposeA, transposeB } = attributes as unknown as LinearAttributes;
  const a = inputs[0]!.shape;
  const [first, second] = inputs[1]!.shape as [number, number];
  const rows = elementCount(a.slice(0, -1));
  const columns = a.at(-1)!;
  const n = transposeB ? first : second;
  return { batch: 1, m: transposeA ? columns : rows, k: transposeA ? rows : columns, n, transposeA, transposeB };
}

/** Sizes and transposes of a batched product. */
export function matmulExtent({ inputs, attributes }: Signature): ProductExtent {
  const { transposeA, transposeB } = attributes as unknown as LinearAttributes;
  const [batch, second, third] = inputs[0]!.shape as [number, number, number];
  const n = inputs[1]!.shape[transposeB ? 1 : 2]!;
  const [m, k] = transposeA ? [third, second] : [second, third];
  return { batch, m, k, n, transposeA, transposeB };
}

/** Whether all operands but the weight are plain f32, and the weight has a decode snippet. */
export function acceptsFormats({ inputs }: Signature): boolean {
  return inputs.every((type, index) =>
    index === 1 ? type.format.decoders.cpu !== undefined : type.format.id === "f32",
  );
}

export const linearKernel: KernelDef = {
  kind: "kernel",
  specificationVersion: 1,
  id: "cpu.linear.packed",
  op: "linear",
  backend: "cpu",
  accepts: (signature) => (acceptsFormats(signature) ? 2 : undefined),
  lower(signature, capabilities) {
    const { bias, residual, activation } = signature.attributes as unknown as LinearAttributes;
    const { format, shape: shapeOfB } = signature.inputs[1]!;
    const shape = shapeProduct(linearExtent(signature), capabilities);
    const componentsOfB = format.components(shapeOfB).length;
    const afterB = 1 + componentsOfB;
    const output = afterB + Number(bias) + Number(residual);
    // The sum then starts there, and C is written once.
    const startsAtResidual = residual && !bias && activation === "";
    return matrixProduct({
      key: `linear|${signature.inputs.map(formatType).join("|")}|${JSON.stringify(signature.attributes)}`,
      shape,
      bindings: output + 1,
      componentsOfB,
      output,
      decodeA: float32.decoders.cpu!,
      decodeB: format.decoders.cpu!,
      initial: startsAtResidual ? output - 1 : undefined,
      epilogue: createEpilogue({
        bias: bias ? afterB : undefined,
        residual: residual && !startsAtResidual ? output - 1 : undefined,
        activation,
        output,
        columns: shape.n,
      }),
    });
  },
};

export const batchedMatmulKernel: KernelDef = {
  kind: "kernel",
  specificationVersion: 1,
  id: "cpu.batchedMatmul.packed",
  op: "batchedMatmul",
  backend: "cpu",
  accepts: (signature) => (acceptsFormats(signature) ? 2 : undefined),
  lower(signature, capabilities) {
    const { inputs, attributes } = signature;
    const { format, shape: shapeOfB } = inputs[1]!;
    const componentsOfB = format.components(shapeOfB).length;
    return matrixProduct({
      key: `batchedMatmul|${inputs.map(formatType).join("|")}|${JSON.stringify(attributes)}`,
      shape: shapeProduct(matmulExtent(signature), capabilities),
      bindings: componentsOfB + 2,
      componentsOfB,
      output: componentsOfB + 1,
      decodeA: float32.decoders.cpu!,
      decodeB: format.decoders.cpu!,
    });
  },
};
