// Gradients of RMSNorm and LayerNorm. dx is a matter of each row; dweight and dbias add over rows in two phases: every tile
// of rows adds its own into shared scratch, then the tiles' sums are added in order, so that no thread count changes a bit.
//   RMSNorm:   g = dy · w;  dx = r g - x r³ mean(g x);                 dw = Σ dy x r
//   LayerNorm: x̂ = (x - μ) r;  dx = r (g - mean(g) - x̂ mean(g x̂));  dw = Σ dy x̂;  db = Σ dy
import { type CpuKernelCode, type KernelDef, rowExtent, type Signature } from "@attune/tensor-core";
import { address, type FunctionBuilder, f32, f32x4, i32, type Local, load } from "@attune/tensor-core/wasm";
import { cpuKernel, signatureKey } from "../define-kernel.ts";
import { forVectors } from "../for-vectors.ts";
import { forRowsOfTile, kernelFunction, rowAddress, rowTiles } from "../kernel-function.ts";
import { mapRow, sumRow, sumRows } from "./row-loops.ts";

/** What the first phase does with one row; `partials` are this tile's sums, one row of `columns` each. */
type RowGradient = (f: FunctionBuilder, row: Local<"i32">, partials: readonly Local<"address">[]) => void;

/** Rows whose sums one tile adds: more than in other row kernels, as every tile leaves a row of sums behind. */
const tileElements = 65536;

/** Columns whose sums one tile of the second phase adds. */
const sumColumns = 64;

function normBackward(
  signature: Signature,
  gradients: number,
  prepare: (bindings: readonly Local<"address">[]) => RowGradient,
): CpuKernelCode {
  const { rows, columns } = rowExtent(signature.outputs[0]!.shape);
  const tiles = rowTiles(rows, columns, tileElements);
  const inputs = signature.inputs.length;
  return {
    backend: "cpu",
    key: signatureKey(signature),
    tiles: tiles + (gradients > 0 ? Math.ceil(columns / sumColumns) : 0),
    ...(gradients > 0 ? { phases: [tiles] } : {}),
    scratchBytes: 0,
    sharedBytes: 4 * gradients * columns * tiles,
    emit: (module) =>
      kernelFunction(module, signature.op, inputs + signature.outputs.length, (f, { bindings, tile, shared }) => {
        const body = prepare(bindings);
        const work = (): void => {
          const base = address.at(shared, tile, 4 * gradients * columns);
          const partials = Array.from({ length: gradients }, (_, index) =>
            f.keep(address.add(base, 4 * index * columns)),
          );
          if (gradients > 0) f.fillBytes(partials[0]!, 0, address.constant(4 * gradients * columns));
          forRowsOfTile(f, tile, rows, columns, (row) => body(f, row, partials), tileElements);
        };
        if (gradients === 0) return work();
        f.if(i32.ltU(tile, tiles), work, () => {
          const column = f.keep(i32.mul(i32.sub(tile, tiles), sumColumns));
          for (let index = 0; index < gradients; index++) {
            const source = f.keep(address.add(shared, 4 * index * columns));
            const target = bindings[inputs + 1 + index]!;
            addPartials(f, { source, target, stride: 4 * gradients * columns, tiles, columns }, column);
          }
        });
      }),
  };
}

/** Sums that tiles left, a row of columns each. */
interface Partials {
  readonly source: Local<"address">;
  readonly target: Local<"address">;
  readonly columns: number;
  readonly tiles: number;
  /** Bytes from a tile's sums to the next tile's. */
  readonly stride: number;
}

/** Adds the tiles' sums of up to `sumColumns` columns from `column` on, in the order of the tiles. */
function addPartials(
  f: FunctionBuilder,
  { source, target, columns, tiles, stride }: Partials,
  column: Local<"i32">,
): void {
  const add = (count: number): void => {
    const from = f.keep(address.at(source, column, 4));
    const to = f.keep(address.at(target, column, 4));
    forVectors(f, count, (at) => {
      const cursor = f.keep(at.address(from));
      const sum = f.keep(f32x4.constant(0));
      if (tiles > 0) {
        f.repeat(tiles, () => {
          f.set(sum, f32x4.add(sum, load("v128", cursor, at.bytes)));
          f.increment(cursor, stride);
        });
      }
      at.store(to, sum);
    });
  };
  const rest = columns % sumColumns;
  if (rest === 0) add(sumColumns);
  else
    f.if(
      i32.leU(i32.add(column, sumColumns), columns),
      () => add(sumColumns),
      () => add(rest),
    );
}

/** target += value, over a row. */
function accumulateRow(
  f: FunctionBuilder,
  target: Local<"address">,
  columns: number,
  valueAt: Parameters<typeof mapRow>[3],
): void {
  mapRow(f, target, columns, (read) => f32x4.add(read(target), valueAt(read)));
}

const rmsNormBackward: KernelDef = cpuKernel({
  op: "rmsNormBackward",
  lower(signature) {
    const { columns } = rowExtent(signature.outputs[0]!.shape);
    const needWeight = signature.attributes["needWeight"] as boolean;
    return normBackward(signature, Number(needWeight), ([x, weight, inverse, dy, dx]) => (f, row, [dweight]) => {
      const source = rowAddress(f, x!, row, 4 * columns);
      const cotangent = rowAddress(f, dy!, row, 4 * columns);
      const target = rowAddress(f, dx!, row, 4 * columns);
      const r = f.keep(load("f32", address.at(inverse!, row, 4)));
      const scale = f.keep(f32x4.splat(r));
      if (dweight)
        accumulateRow(f, dweight, columns, (read) => f32x4.mul(read(cotangent), f32x4.mul(read(source), scale)));
      const dot = sumRow(f, columns, (read) => f32x4.mul(f32x4.mul(read(cotangent), read(weight!)), read(source)));
      const cubed = f32.mul(f32.mul(r, r), r);
      const projection = f.keep(f32x4.splat(f32.mul(cubed, f32.div(dot, columns))));
      mapRow(f, target, columns, (read) =>
        f32x4.sub(f32x4.mul(f32x4.mul(read(cotangent), read(weight!)), scale), f32x4.mul(read(source), projection)),
      );
    });
  },
});

const layerNormBackward: KernelDef = cpuKernel({
  op: "layerNormBackward",
  lower(signature) {
    const { columns } = rowExtent(signature.outputs[0]!.shape);
    const needWeight = signature.attributes["needWeight"] as boolean;
    return normBackward(
      signature,
      needWeight ? 2 : 0,
      ([x, weight, mean, inverse, dy, dx]) =>
        (f, row, [dweight, dbias]) => {
          const source = rowAddress(f, x!, row, 4 * columns);
          const cotangent = rowAddress(f, dy!, row, 4 * columns);
          const target = rowAddress(f, dx!, row, 4 * columns);
          const level = f.keep(load("splat32", address.at(mean!, row, 4)));
          const scale = f.keep(load("splat32", address.at(inverse!, row, 4)));
          const normal = (read: (base: Local<"address">) => Local<"v128">): Local<"v128"> =>
            f.keep(f32x4.mul(f32x4.sub(read(source), level), scale));
          if (dweight) accumulateRow(f, dweight, columns, (read) => f32x4.mul(read(cotangent), normal(read)));
          if (dbias) accumulateRow(f, dbias, columns, (read) => read(cotangent));
          const sums = sumRows(f, columns, 2, (read) => {
            const g = f.keep(f32x4.mul(read(cotangent), read(weight!)));
            return [g, f32x4.mul(g, normal(read))];
          });
          const [meanOfG, projection] = sums.map((sum) => f.keep(f32x4.splat(f32.div(sum, columns)))) as [
            Local<"v128">,
            Local<"v128">,
          ];
          mapRow(f, target, columns, (read) => {
            const g = f32x4.mul(read(cotangent), read(weight!));
            return f32x4.mul(scale, f32x4.sub(f32x4.sub(g, meanOfG), f32x4.mul(normal(read), projection)));
          });
        },
    );
  },
});

export const normBackwardKernels: readonly KernelDef[] = [rmsNormBackward, layerNormBackward];
