// Packed, tiled matrix product in the manner of Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008:
// B is packed into panels by all threads, and after a barrier each tile of work multiplies a block of rows with the panels, one
// panel (in the level-1 cache) against all rows of its block (in level 2) at a time. A is read where it lies, or packed too if
// its k runs down.
import type { CpuDecoder, CpuKernelCode } from "@attune/tensor-core";
import {
  address,
  type FunctionBuilder,
  i32,
  type Local,
  load,
  type ModuleBuilder,
  type Value,
} from "@attune/tensor-core/wasm";
import { type KernelParameters, kernelFunction, type Lanes, minimum, storeLanes } from "../kernel-function.ts";
import { type PackSource, packAcross, packDown } from "./pack.ts";
import { type ProductShape, roundUp } from "./product-shape.ts";
import { type TileLayout, type TileProduct, tileProduct } from "./tile-product.ts";

/** What is done with a block of C once it is whole: rows from `row`, columns from `column`. */
export type Epilogue = (f: FunctionBuilder, block: CBlock) => void;

export interface CBlock {
  readonly parameters: KernelParameters;
  readonly row: Local<"i32">;
  readonly rows: Local<"i32">;
  readonly column: Local<"i32">;
  readonly columns: Local<"i32">;
}

export interface ProductOptions {
  readonly key: string;
  readonly shape: ProductShape;
  /** Bindings in all; the first is A, then B's components; `output` is C. */
  readonly bindings: number;
  readonly componentsOfB: number;
  readonly output: number;
  readonly decodeA: CpuDecoder;
  readonly decodeB: CpuDecoder;
  readonly epilogue?: Epilogue | undefined;
}

/** Numbers of tiles of one slab: those that pack panels of B, those that pack A, those that multiply. */
interface Counts {
  readonly packB: number;
  readonly packA: number;
  readonly multiply: number;
  readonly all: number;
}

/** Row tiles of A that one packing tile copies. */
const packedRowTiles = 16;

function countTiles(shape: ProductShape): Counts {
  const { batch, depths, slab, panel, m, rows, blockRows, blockColumns } = shape;
  const packB = batch * depths * (slab / panel);
  const packA = shape.packA ? batch * depths * Math.ceil(m / (rows * packedRowTiles)) : 0;
  const multiply = batch * Math.ceil(m / blockRows) * Math.ceil(slab / blockColumns);
  return { packB, packA, multiply, all: packB + packA + multiply };
}

/** The kernel of a product. */
export function matrixProduct(options: ProductOptions): CpuKernelCode {
  const { key, shape } = options;
  const counts = countTiles(shape);
  const slabs = shape.m === 0 || shape.n === 0 || shape.batch === 0 ? 0 : shape.slabs;
  const phases = Array.from({ length: slabs }, (_, slab) => [
    slab * counts.all + counts.packB + counts.packA,
    (slab + 1) * counts.all,
  ]);
  return {
    backend: "cpu",
    key,
    tiles: slabs * counts.all,
    phases: phases.flat().slice(0, -1),
    scratchBytes: 4 * shape.rows * shape.panel,
    sharedBytes: 4 * shape.batch * shape.k * (shape.slab + (shape.packA ? roundUp(shape.m, shape.rows) : 0)),
    emit: (module) =>
      kernelFunction(module, "product", options.bindings, (f, parameters) => {
        if (slabs === 0) return;
        const slab = f.keep(i32.divU(parameters.tile, counts.all));
        const tile = f.keep(i32.remU(parameters.tile, counts.all));
        const packing = i32.ltU(tile, counts.packB);
        f.if(
          packing,
          () => emitPackB(f, options, parameters, slab, tile),
          () => {
            f.increment(tile, -counts.packB);
            if (!shape.packA) return emitBlock(f, module, options, parameters, slab, tile);
            f.if(
              i32.ltU(tile, counts.packA),
              () => f.if(i32.eqz(slab), () => emitPackA(f, options, parameters, tile)),
              () => {
                f.increment(tile, -counts.packA);
                emitBlock(f, module, options, parameters, slab, tile);
              },
            );
          },
        );
      }),
  };
}

/** First k of a block of k, and how many it has. */
function depthOf(
  f: FunctionBuilder,
  { depth, k }: ProductShape,
  block: Value<"i32">,
): { start: Local<"i32">; count: Local<"i32"> } {
  const start = f.keep(i32.mul(block, depth));
  return { start, count: f.keep(minimum(i32.sub(i32.constant(k), start), i32.constant(depth))) };
}

/** Where panel `panel` of a block of k lies in packed B: [batch][k block][panel][k][columns]. */
function packedB(
  f: FunctionBuilder,
  { k, slab, panel }: ProductShape,
  shared: Value<"address">,
  batch: Value<"i32">,
  at: { start: Local<"i32">; count: Local<"i32"> },
  index: Value<"i32">,
): Local<"address"> {
  const rows = address.at(shared, i32.add(i32.mul(batch, k), at.start), 4 * slab);
  return f.keep(address.at(rows, i32.mul(index, at.count), 4 * panel));
}

/** Where row tile `index` of a block of k lies in packed A: [batch][k block][row tile][k][rows]. */
function packedA(
  f: FunctionBuilder,
  shape: ProductShape,
  shared: Value<"address">,
  batch: Value<"i32">,
  at: { start: Local<"i32">; count: Local<"i32"> },
  index: Value<"i32">,
): Local<"address"> {
  const base = address.add(shared, 4 * shape.batch * shape.k * shape.slab);
  const rows = address.at(base, i32.add(i32.mul(batch, shape.k), at.start), 4 * roundUp(shape.m, shape.rows));
  return f.keep(address.at(rows, i32.mul(index, at.count), 4 * shape.rows));
}

function emitPackB(
  f: FunctionBuilder,
  { shape, componentsOfB, decodeB }: ProductOptions,
  { bindings, shared }: KernelParameters,
  slab: Local<"i32">,
  tile: Local<"i32">,
): void {
  const { k, n, panel, depths, transposeB } = shape;
  const panels = shape.slab / panel;
  const batch = f.keep(i32.divU(tile, depths * panels));
  const at = depthOf(f, shape, i32.divU(i32.remU(tile, depths * panels), panels));
  const index = f.keep(i32.remU(tile, panels));
  const column = f.keep(i32.add(i32.mul(slab, shape.slab), i32.mul(index, panel)));
  const target = packedB(f, shape, shared, batch, at, index);
  const source: PackSource = {
    components: bindings.slice(1, 1 + componentsOfB),
    decode: decodeB,
    rowElements: transposeB ? k : n,
  };
  const pack = (columns: number): void => {
    if (transposeB)
      packAcross(f, source, target, panel, at.start, at.count, f.keep(i32.add(i32.mul(batch, n), column)), columns);
    else packDown(f, source, target, panel, i32.add(i32.mul(batch, k), at.start), at.count, column);
  };
  const last = n % panel;
  if (last === 0 || !transposeB) f.if(i32.ltS(column, n), () => pack(panel));
  else
    f.if(
      i32.leS(i32.add(column, panel), n),
      () => pack(panel),
      () => f.if(i32.ltS(column, n), () => pack(last)),
    );
}

function emitPackA(
  f: FunctionBuilder,
  { shape, decodeA }: ProductOptions,
  { bindings, shared }: KernelParameters,
  tile: Local<"i32">,
): void {
  const { k, m, rows, depths } = shape;
  const groups = Math.ceil(m / (rows * packedRowTiles));
  const batch = f.keep(i32.divU(tile, depths * groups));
  const at = depthOf(f, shape, i32.divU(i32.remU(tile, depths * groups), groups));
  const first = f.keep(i32.mul(i32.remU(tile, groups), packedRowTiles));
  const source: PackSource = { components: [bindings[0]!], decode: decodeA, rowElements: m };
  f.for(first, minimum(i32.add(first, packedRowTiles), i32.constant(Math.ceil(m / rows))), 1, (index) => {
    const target = packedA(f, shape, shared, batch, at, index);
    packDown(f, source, target, rows, i32.add(i32.mul(batch, k), at.start), at.count, f.keep(i32.mul(index, rows)));
  });
}

/** One block of C: over the blocks of k, over its panels, over its row tiles. */
function emitBlock(
  f: FunctionBuilder,
  module: ModuleBuilder,
  options: ProductOptions,
  parameters: KernelParameters,
  slab: Local<"i32">,
  tile: Local<"i32">,
): void {
  const { shape, output, epilogue } = options;
  const { m, n, panel, blockRows, blockColumns } = shape;
  const blocksDown = Math.ceil(m / blockRows);
  const blocksAcross = Math.ceil(shape.slab / blockColumns);
  const batch = f.keep(i32.divU(tile, blocksDown * blocksAcross));
  const within = f.keep(i32.remU(tile, blocksDown * blocksAcross));
  const row = f.keep(i32.mul(i32.divU(within, blocksAcross), blockRows));
  const start = f.keep(i32.mul(i32.remU(within, blocksAcross), blockColumns));
  const column = f.keep(i32.add(i32.mul(slab, shape.slab), start));
  const rows = f.keep(minimum(i32.sub(i32.constant(m), row), i32.constant(blockRows)));
  const inSlab = minimum(i32.constant(blockColumns), i32.sub(i32.constant(shape.slab), start));
  const columns = f.keep(minimum(inSlab, i32.sub(i32.constant(n), column)));
  f.if(i32.gtS(columns, 0), () => {
    const corner = address.at(
      parameters.bindings[output]!,
      i32.add(i32.mul(i32.add(i32.mul(batch, m), row), n), column),
      4,
    );
    const c = f.keep(corner);
    if (shape.depths === 0) clearBlock(f, c, rows, columns, n);
    const multiply = (block: Value<"i32">, first: boolean): void => {
      const at = depthOf(f, shape, block);
      const target = f.keep(c);
      f.for(0, columns, panel, (across) => {
        const b = packedB(f, shape, parameters.shared, batch, at, i32.divU(i32.add(start, across), panel));
        const left = f.keep(i32.sub(columns, across));
        emitRowTiles(f, module, options, parameters, { batch, row, rows, at, b, c: target, first, left });
        f.increment(target, 4 * panel);
      });
    };
    if (shape.depths > 0) multiply(i32.constant(0), true);
    if (shape.depths > 1) f.for(1, shape.depths, 1, (block) => multiply(block, false));
    epilogue?.(f, { parameters, row: f.keep(i32.add(i32.mul(batch, m), row)), rows, column, columns });
  });
}

interface PanelRows {
  readonly batch: Local<"i32">;
  readonly row: Local<"i32">;
  readonly rows: Local<"i32">;
  readonly at: { start: Local<"i32">; count: Local<"i32"> };
  readonly b: Local<"address">;
  readonly c: Local<"address">;
  readonly first: boolean;
  /** Columns of C from this panel on. */
  readonly left: Local<"i32">;
}

/** One panel of B against all row tiles of a block. */
function emitRowTiles(
  f: FunctionBuilder,
  module: ModuleBuilder,
  options: ProductOptions,
  parameters: KernelParameters,
  at: PanelRows,
): void {
  const { shape } = options;
  const { m, k, n, rows, panel, packA } = shape;
  const a = packA
    ? packedA(f, shape, parameters.shared, at.batch, at.at, i32.divU(at.row, rows))
    : f.keep(
        address.at(parameters.bindings[0]!, i32.add(i32.mul(i32.add(i32.mul(at.batch, m), at.row), k), at.at.start), 4),
      );
  const layout = (count: number): TileLayout => ({
    rows: count,
    vectors: shape.vectors,
    rowOfA: packA ? 4 : 4 * k,
    stepOfA: packA ? 4 * rows : 4,
    stepOfB: 4 * panel,
    first: at.first,
  });
  const c = f.keep(at.c);
  const run = (count: number): void => {
    const product = tileProduct(module, layout(count));
    const whole = (): void => f.call(product, a, at.b, c, at.at.count, address.constant(4 * n));
    if (n % panel === 0) whole();
    else
      f.if(i32.geS(at.left, panel), whole, () =>
        emitEdge(f, product, shape, parameters.scratch, {
          a,
          b: at.b,
          c,
          k: at.at.count,
          rows: count,
          first: at.first,
        }),
      );
  };
  f.if(i32.geS(at.rows, rows), () => {
    f.repeat(i32.divU(at.rows, rows), () => {
      run(rows);
      if (packA) f.set(a, address.at(a, at.at.count, 4 * rows));
      else f.increment(a, 4 * k * rows);
      f.increment(c, 4 * n * rows);
    });
  });
  const rest = m % rows;
  if (rest !== 0) f.if(i32.remU(at.rows, rows), () => run(rest));
}

interface EdgeTile {
  readonly a: Local<"address">;
  readonly b: Local<"address">;
  readonly c: Local<"address">;
  readonly k: Local<"i32">;
  readonly rows: number;
  readonly first: boolean;
}

/** A tile wider than what is left of C: computed in scratch, of which only the columns of C are copied. */
function emitEdge(
  f: FunctionBuilder,
  product: TileProduct,
  { n, panel }: ProductShape,
  scratch: Local<"address">,
  { a, b, c, k, rows, first }: EdgeTile,
): void {
  const width = n % panel;
  const copy = (from: Local<"address">, fromRow: number, to: Local<"address">, toRow: number): void => {
    for (let row = 0; row < rows; row++) {
      for (let lane = 0; lane < width; lane += 4) {
        storeLanes(
          f,
          to,
          load("v128", from, row * fromRow + 4 * lane),
          Math.min(4, width - lane) as Lanes,
          row * toRow + 4 * lane,
        );
      }
    }
  };
  if (!first) copy(c, 4 * n, scratch, 4 * panel);
  f.call(product, a, b, scratch, k, address.constant(4 * panel));
  copy(scratch, 4 * panel, c, 4 * n);
}

function clearBlock(
  f: FunctionBuilder,
  c: Local<"address">,
  rows: Local<"i32">,
  columns: Local<"i32">,
  n: number,
): void {
  const target = f.keep(c);
  f.repeat(rows, () => {
    f.fillBytes(target, 0, address.at(address.constant(0), columns, 4));
    f.increment(target, 4 * n);
  });
}
