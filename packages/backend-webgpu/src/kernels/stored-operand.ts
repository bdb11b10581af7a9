import type { Signature, TensorType, WebgpuBuffer } from "@attune/tensor-core";

/** Number of the first binding of an operand, inputs counted from 0 and outputs after them. */
export function bindingOf({ inputs, outputs }: Pick<Signature, "inputs" | "outputs">, operand: number): number {
  return [...inputs, ...outputs].slice(0, operand).reduce((sum, type) => sum + componentCount(type), 0);
}

/** Buffers of the components of a stored operand, as its decode snippet names them. */
export function componentBuffers(signature: Pick<Signature, "inputs" | "outputs">, operand: number): WebgpuBuffer[] {
  const first = bindingOf(signature, operand);
  return Array.from({ length: componentCount(signature.inputs[operand]!) }, (_, index) => ({
    name: `component${index}`,
    type: "array<u32>",
    source: "binding",
    index: first + index,
  }));
}

/** The function that decodes four neighbours of a stored operand. */
export function decodeFunction({ format }: TensorType): string {
  return `fn decode(element: u32) -> vec4f {\n${format.decoders.wgsl}}\n`;
}

function componentCount({ format, shape }: TensorType): number {
  return format.components(shape).length;
}
