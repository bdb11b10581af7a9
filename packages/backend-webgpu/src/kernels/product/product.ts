// Matrix products as all their kernels see them, from the nodes of "linear" and "batchedMatmul".
import {
  type BatchedMatmulAttributes,
  type Capabilities,
  type LinearAttributes,
  linearExtent,
  type Signature,
  type TensorType,
  type WebgpuBuffer,
} from "@attune/tensor-core";
import { operand } from "../define-kernel.ts";
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

/**
 * The product in parts whose weight fits a binding: ranges of n where its rows run along n, ranges of k, added one after the other,
 * where they run along k.
 */
export function productWindows(product: Product, weight: TensorType, capabilities: Capabilities): Product[] {
  const { a, b, epilogue, n, k } = product;
  const windows = weight.shape.length === 2 ? rowWindows(weight, capabilities)! : [];
  if (windows.length <= 1) return [product];
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
    const { m, output, wide } = epilogue;
    const sums: Epilogue = last ? epilogue : { m, n, output, wide, activation: "" };
    // What the loader gives beyond the window is 0 in b, so that a may be read on to its own end.
    return {
      ...product,
      k: Math.min(window.rows, k - window.first),
      a: { ...a, firstColumn: window.first },
      b: part,
      epilogue: { ...sums, accumulates: index > 0 },
    };
  });
}

/** Whether all operands but the weight are plain f32, and the weight has a decode snippet. */
export function acceptsFormats({ inputs, attributes }: Signature, capabilities: Capabilities): boolean {
  const [, b] = inputs as [TensorType, TensorType];
  const windows = b.shape.length === 2 ? rowWindows(b, capabilities) : [];
  // Windows along k need an a whose columns are k.
  const { transposeA, transposeB } = attributes as unknown as LinearAttributes;
  if (windows === undefined || (windows.length > 1 && !transposeB && transposeA)) return false;
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
  return { name, rows, columns, alongK, buffers, ...decode };
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
