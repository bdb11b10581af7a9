// softmax, its gradient and logSumExp over the last axis, from the row's maximum, so that nothing overflows.
import { type KernelDef, rowExtent, type Signature } from "@attune/tensor-core";
import { type FunctionBuilder, f32, f32x4, type Local, select } from "@attune/tensor-core/wasm";
import { cpuKernel, signatureKey } from "../define-kernel.ts";
import { forRowsOfTile, kernelFunction, rowAddress, rowTiles, simpleCode } from "../kernel-function.ts";
import { vectorExpNormal, vectorLog } from "../vector-math.ts";
import { largestOfRow, mapRow, sumRow } from "./row-loops.ts";

type RowBody = (
  f: FunctionBuilder,
  row: Local<"i32">,
  bindings: readonly Local<"address">[],
  scratch: Local<"address">,
) => void;

/** Kernel code that works on each row of input 0 on its own, with 32 bytes of scratch. */
export function rowKernelCode(signature: Signature, body: RowBody): ReturnType<typeof simpleCode> {
  const { rows, columns } = rowExtent(signature.inputs[0]!.shape);
  const bindings = signature.inputs.length + signature.outputs.length;
  const code = simpleCode(signatureKey(signature), rowTiles(rows, columns), (module) =>
    kernelFunction(module, signature.op, bindings, (f, { tile, scratch, bindings: operands }) => {
      forRowsOfTile(f, tile, rows, columns, (row) => body(f, row, operands, scratch));
    }),
  );
  return { ...code, scratchBytes: 32 };
}

/** The row's maximum, or 0 where every value is -Infinity, so that differences from it are not NaN. */
export function finiteLargest(f: FunctionBuilder, largest: Local<"f32">): Local<"f32"> {
  return f.keep(select(f32.eq(largest, Number.NEGATIVE_INFINITY), f32.constant(0), largest));
}

/** ln x of one number. */
export function scalarLog(f: FunctionBuilder, x: Local<"f32">): Local<"f32"> {
  return f.keep(f32x4.extract(vectorLog(f, f32x4.splat(x)), 0));
}

/** Σ e^(x - largest) of a row. */
export function sumOfPowers(
  f: FunctionBuilder,
  base: Local<"address">,
  columns: number,
  largest: Local<"f32">,
  scratch: Local<"address">,
): Local<"f32"> {
  const level = f.keep(f32x4.splat(largest));
  return sumRow(f, columns, (read) => vectorExpNormal(f, f32x4.sub(read(base), level)), scratch);
}

const softmax: KernelDef = cpuKernel({
  op: "softmax",
  lower(signature) {
    const { columns } = rowExtent(signature.inputs[0]!.shape);
    return rowKernelCode(signature, (f, row, [x, y]) => {
      const source = rowAddress(f, x!, row, 4 * columns);
      const target = rowAddress(f, y!, row, 4 * columns);
      const level = f.keep(f32x4.splat(largestOfRow(f, source, columns)));
      mapRow(f, target, columns, (read) => vectorExpNormal(f, f32x4.sub(read(source), level)));
      const total = sumRow(f, columns, (read) => read(target));
      const scale = f.keep(f32x4.splat(f32.div(f32.constant(1), total)));
      mapRow(f, target, columns, (read) => f32x4.mul(read(target), scale));
    });
  },
});

const softmaxBackward: KernelDef = cpuKernel({
  op: "softmaxBackward",
  lower(signature) {
    const { columns } = rowExtent(signature.inputs[0]!.shape);
    return rowKernelCode(signature, (f, row, bindings) => {
      const [y, dy, dx] = bindings.map((base) => rowAddress(f, base, row, 4 * columns)) as [
        Local<"address">,
        Local<"address">,
        Local<"address">,
      ];
      const total = f.keep(f32x4.splat(sumRow(f, columns, (read) => f32x4.mul(read(y), read(dy)))));
      mapRow(f, dx, columns, (read) => f32x4.mul(read(y), f32x4.sub(read(dy), total)));
    });
  },
});

const logSumExp: KernelDef = cpuKernel({
  op: "logSumExp",
  lower(signature) {
    const { columns } = rowExtent(signature.inputs[0]!.shape);
    return rowKernelCode(signature, (f, row, [x, y], scratch) => {
      const source = rowAddress(f, x!, row, 4 * columns);
      const largest = largestOfRow(f, source, columns, scratch);
      const total = sumOfPowers(f, source, columns, finiteLargest(f, largest), scratch);
      const value = f32.add(scalarLog(f, total), largest);
      // An infinite maximum is the answer itself: the sum holds Infinity - Infinity then.
      const infinite = f32.eq(f32.abs(largest), Number.POSITIVE_INFINITY);
      f.store("f32", rowAddress(f, y!, row, 4), select(infinite, largest, value));
    });
  },
});

export const softmaxKernels: readonly KernelDef[] = [softmax, softmaxBackward, logSumExp];
