// The suite for backends over storage formats: kernels know nothing of a format but its decode snippets.
import {
  bfloat16,
  createRandomSequence,
  elementCount,
  embeddingOp,
  float16,
  linearOp,
  type OpDef,
  type Runtime,
  type StorageFormat,
  tensorType,
} from "@attune/tensor-core";
import type { ConformanceCase } from "../conformance-case.ts";
import { byteRows } from "./byte-rows.ts";
import { checkStoredOp, type StoredOperand } from "./check-stored-op.ts";
import { nibbleBlocks } from "./nibble-blocks.ts";

const linear = linearOp as unknown as OpDef;
const embedding = embeddingOp as unknown as OpDef;
const plain = { transposeA: false, transposeB: true, bias: false, residual: false, activation: "" };

/** Formats for matrices of so many columns: dense ones, 4 bits with a scale a block and 8 with a scale a row. */
const formats: readonly ((columns: number) => StorageFormat)[] = [
  () => bfloat16,
  () => float16,
  () => nibbleBlocks,
  byteRows,
];

/** Rows, k and n of products; k is a multiple of all blocks, or of none. */
const sizes: readonly (readonly [m: number, k: number, n: number])[] = [
  [1, 64, 33],
  [2, 96, 6],
  [3, 32, 16],
  [4, 160, 21],
  [7, 64, 48],
  [37, 544, 70],
  [1, 61, 33],
  [2, 131, 7],
  [4, 7, 5],
  [3, 3, 2],
];

/**
 * Cases for a backend: products of few and of many rows over either axis, their epilogues, and rows of a table, with weights in every
 * kind of format, compared with the values that the formats hold.
 *
 * @param open - the runtime that all cases share
 */
export function testStorageFormats(open: () => Runtime | Promise<Runtime>): readonly ConformanceCase[] {
  const random = createRandomSequence(5, "formats");
  const operand = (shape: readonly number[], format?: (columns: number) => StorageFormat): StoredOperand => ({
    type: format ? tensorType(shape, "f32", format(shape.at(-1)!)) : tensorType(shape),
    values: Float32Array.from({ length: elementCount(shape) }, () => random.normal()),
  });
  return formats.flatMap((format) => {
    const { id, blockSize } = format(32);
    const fits = (columns: number): boolean => columns % blockSize === 0;
    const group = `weights in ${id}`;
    const products = sizes
      .filter(([, k]) => fits(k))
      .map(([m, k, n]) => ({
        group,
        name: `${m} rows against a weight of [${n}, ${k}], over either axis`,
        async run() {
          const across = Math.ceil(n / blockSize) * blockSize;
          const runtime = await open();
          await checkStoredOp(runtime, linear, plain, [operand([m, k]), operand([n, k], format)]);
          const down = { ...plain, transposeB: false };
          await checkStoredOp(runtime, linear, down, [operand([m, k]), operand([k, across], format)]);
        },
      }));
    const epilogue = {
      group,
      name: "a bias, an activation and a residual join in the epilogue, for few and for many rows",
      async run() {
        const attributes = { ...plain, bias: true, residual: true, activation: "silu" };
        for (const m of [2, 19]) {
          const operands = [operand([m, 64]), operand([45, 64], format), operand([45]), operand([m, 45])];
          await checkStoredOp(await open(), linear, attributes, operands);
        }
      },
    };
    const table = {
      group,
      name: "rows of a table are decoded",
      async run() {
        const ids = { type: tensorType([7], "i32"), values: [3, 0, 10, 3, -1, 11, 9] };
        await checkStoredOp(await open(), embedding, {}, [ids, operand([11, 64], format)]);
      },
    };
    return [...products, epilogue, table];
  });
}
