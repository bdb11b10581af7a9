// Matrix products as all their kernels see them, from the nodes of "linear" and "batchedMatmul".
import {
  type BatchedMatmulAttributes,
  type Capabilities,
  elementCount,
  type KernelDef,
  type LinearAttributes,
  linearExtent,
  type Signature,
  type TensorType,
  typeBytes,
  type WebgpuBuffer,
} from "@attune/tensor-core";
import { operand, scratch } from "../define-kernel.ts";
import { rowWindows, windowBuffers } from "../row-windows.ts";
import { bindingOf, componentBuffers } from "../stored-operand.ts";
import type { Epilogue } from "./epilogue.ts";
import type { StoredMatrix } from "./operand-loader.ts";

/** A product as its kernels see it. */
export interface Product {
  readonly batches: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: StoredMatrix;
  readonly b: StoredMatrix;
  readonly epilogue: Epilogue;
}

/** A residual may be where the output goes: each element is read before it is written, by the same thread. */
export const residualInPlace: NonNullable<KernelDef["inPlace"]> = [
  { input: 2, output: 0 },
  { input: 3, output: 0 },
];

/** Numbers of the scratch buffers: sums of ranges of k that run side by side, and of parts that run one after the other. */
export const splitsScratch = 0;
const sumsScratch = 1;

/** Bytes of the scratch buffers of a product in parts, given those that its parts need for their splits. */
export function scratchOf(parts: readonly Product[], splitBytes: readonly number[]): readonly number[] {
  const sums = parts.some(({ epilogue }) => epilogue.before) ? 4 * parts[0]!.m * parts[0]!.n : 0;
  return sums > 0 ? [Math.max(4, ...splitBytes), sums] : splitBytes.length > 0 ? [Math.max(...splitBytes)] : [];
}

/**
 * The product in parts whose weight fits a binding: ranges of n where its rows run along n, ranges of k, added one after the other,
 * where they run along k.
 */
export function productWindows(product: Product, weight: TensorType, capabilities: Capabilities): Product[] {
  const { a, b, epilogue, n, k } = product;
  const windows = weight.shape.length === 2 ? rowWindows(weight, capabilities)! : [];
  if (windows.length <= 1 || !(a.alongK || b.alongK)) return [product];
  return windows.map((window, index): Product => {
    const part = { ...b, rows: window.rows, buffers: windowBuffers(b.buffers, window) };
    if (b.alongK) {
      const shifted = { ...epilogue, n: window.rows, firstColumn: window.first, columns: n };
      return {
        ...product,
        n: window.rows,
        b: part,
        epilogue: { ...shifted, wide: n % 4 === 0 && window.rows % 4 === 0 },
      };
    }
    const last = index === windows.length - 1;
    const { m, wide } = epilogue;
    // The residual may be where the output goes, so that sums of parts must not.
    const sums = scratch("", sumsScratch);
    const made: Epilogue = last ? epilogue : { m, n, output: sums, wide, activation: "" };
    // What the loader gives beyond the window is 0 in b, so that a may be read on to its own end.
    return {
      ...product,
      k: Math.min(window.rows, k - window.first),
      a: { ...a, firstColumn: window.first },
      b: part,
      epilogue: { ...made, before: index > 0 ? sums : undefined },
    };
  });
}

/** Whether all operands but the weight are plain f32, and the weight has a decode snippet. */
export function acceptsFormats({ inputs, attributes }: Signature, capabilities: Capabilities): boolean {
  const [, b] = inputs as [TensorType, TensorType];
  const windows = b.shape.length === 2 ? rowWindows(b, capabilities) : [];
  // Windows along k need an a whose columns are k.
  const { transposeA, transposeB } = attributes as unknown as LinearAttributes;
  const alone = windows !== undefined && windows.length > 1 && !transposeB && transposeA;
  if (windows === undefined || (alone && !capabilities.splitsBindings)) return false;
  return inputs.every((type, index) =>
    index === 1 ? type.format.decoders.wgsl !== undefined : type.format.id === "f32",
  );
}

function storedMatrix(
  name: "a" | "b",
  type: TensorType,
  transposed: boolean,
  buffers: readonly WebgpuBuffer[],
): StoredMatrix {
  const { shape, format } = type;
  const columns = shape.at(-1)!;
  const rows =
    name === "a" && shape.length !== 3
      ? shape.slice(0, -1).reduce((product, size) => product * size, 1)
      : shape.at(-2)!;
  // A is [m, k], B is [k, n] unless transposed.
  const alongK = name === "a" ? !transposed : transposed;
  const decode = format.id === "f32" ? {} : { decode: format.decoders.wgsl! };
  const elementBytes = typeBytes(type) / Math.max(1, elementCount(shape));
  return { name, rows, columns, alongK, elementBytes, buffers, ...decode };
}

/** The product of a linear node. */
export function linearProduct(signature: Signature): Product {
  const { transposeA, transposeB, bias, residual, activation } = signature.attributes as unknown as LinearAttributes;
  const [a, b] = signature.inputs as [TensorType, TensorType];
  const { m, k, n } = linearExtent(a, b, { transposeA, transposeB });
  const last = signature.inputs.length - 1;
  const plain = (input: number): WebgpuBuffer => operand("", bindingOf(signature, input));
  const rowsOfA = { ...a, shape: [a.shape.slice(0, -1).reduce((product, size) => product * size, 1), a.shape.at(-1)!] };
  return {
    batches: 1,
    m,
    n,
    k,
    a: storedMatrix("a", rowsOfA, transposeA, [operand("a", 0)]),
    b: storedMatrix("b", b, transposeB, b.format.id === "f32" ? [operand("b", 1)] : componentBuffers(signature, 1)),
    epilogue: {
      m,
      n,
      wide: n % 4 === 0,
      activation,
      bias: bias ? plain(2) : undefined,
      residual: residual ? plain(last) : undefined,
      output: plain(last + 1),
    },
  };
}

/** The product of a batchedMatmul node. */
export function batchedProduct(signature: Signature): Product {
  const { transposeA, transposeB } = signature.attributes as unknown as BatchedMatmulAttributes;
  const [a, b] = signature.inputs as [TensorType, TensorType];
  const [batches, m, n] = signature.outputs[0]!.shape as [number, number, number];
  const k = a.shape[transposeA ? 1 : 2]!;
  return {
    batches,
    m,
    n,
    k,
    a: storedMatrix("a", a, transposeA, [operand("a", 0)]),
    b: storedMatrix("b", b, transposeB, b.format.id === "f32" ? [operand("b", 1)] : componentBuffers(signature, 1)),
    epilogue: { m, n, wide: n % 4 === 0, activation: "", output: operand("", bindingOf(signature, 2)) },
  };
}
