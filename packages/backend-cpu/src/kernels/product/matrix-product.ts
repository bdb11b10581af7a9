// Packed, tiled matrix product in the manner of Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008.
// A tile of work is a part of C. For a block of k after the other, it packs its columns of B into scratch of its own (in the
// level-2 cache), and multiplies a block of rows (there, too) with one panel of them (in level 1) after the other. Nothing is
// packed by all threads for all, so nobody waits, and B may be as large as memory. A is read where it lies, or, if its k runs
// down and C has more than a few panels of columns, packed by all threads before.
import type { CpuDecoder, CpuKernelCode } from "@attune/tensor-core";
import {
  address,
  type FunctionBuilder,
  i32,
  type Local,
  type ModuleBuilder,
  near,
  type Value,
} from "@attune/tensor-core/wasm";
import { type KernelParameters, kernelFunction, minimum } from "../kernel-function.ts";
import { type PackSource, packAcross, packDown } from "./pack.ts";
import { type ProductShape, roundUp } from "./product-shape.ts";
import { type RowBlock, rowTiles } from "./row-tiles.ts";

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
  /** A binding of C's shape from which sums start instead of from 0; may be the output itself. */
  readonly initial?: number | undefined;
  readonly epilogue?: Epilogue | undefined;
}

/** Row tiles of A that one packing tile copies. */
const packedRowTiles = 16;

/** The kernel of a product. */
export function matrixProduct(options: ProductOptions): CpuKernelCode {
  const { key, shape } = options;
  const { batch, m, k, n, depth, depths, rows, panel, partRows, partColumns } = shape;
  const nothing = m === 0 || n === 0 || batch === 0;
  const packing = nothing || !shape.packA ? 0 : batch * depths * Math.ceil(m / (rows * packedRowTiles));
  const parts = nothing ? 0 : batch * Math.ceil(m / partRows) * Math.ceil(n / partColumns);
  const panels = 4 * depth * roundUp(Math.min(partColumns, n), panel);
  return {
    backend: "cpu",
    key,
    tiles: packing + parts,
    ...(packing > 0 ? { phases: [packing] } : {}),
    scratchBytes: 0,
    nearBytes: tileBytes(shape) + panels,
    sharedBytes: shape.packA ? 4 * batch * k * roundUp(m, rows) : 0,
    emit: (module) =>
      kernelFunction(module, "product", options.bindings, (f, parameters) => {
        if (nothing) return;
        const code: ProductCode = { f, module, options, parameters };
        const multiply = (): void => emitPart(code);
        if (packing === 0) return multiply();
        f.if(
          i32.ltU(parameters.tile, packing),
          () => emitPackA(code),
          () => {
            f.increment(parameters.tile, -packing);
            multiply();
          },
        );
      }),
  };
}

/** What the code of a product is written with, and for. */
interface ProductCode {
  readonly f: FunctionBuilder;
  readonly module: ModuleBuilder;
  readonly options: ProductOptions;
  readonly parameters: KernelParameters;
}

/** A tile that reaches beyond C, or any that cannot be computed where C is, is computed here. */
const tileBytes = ({ rows, panel }: ProductShape): number => 4 * rows * panel;

/** A block of k: the first, and how many. */
interface DepthBlock {
  readonly start: Local<"i32">;
  readonly count: Local<"i32">;
}

function depthOf(f: FunctionBuilder, { depth, k }: ProductShape, block: Value<"i32">): DepthBlock {
  const start = f.keep(i32.mul(block, depth));
  return { start, count: f.keep(minimum(i32.sub(i32.constant(k), start), i32.constant(depth))) };
}

/** Where row tile `index` of a block of k lies in packed A: [batch][k block][row tile][k][rows]. */
function packedA(
  { f, options, parameters }: ProductCode,
  batch: Value<"i32">,
  at: DepthBlock,
  index: Value<"i32">,
): Local<"address"> {
  const { k, m, rows } = options.shape;
  const base = address.at(parameters.shared, i32.add(i32.mul(batch, k), at.start), 4 * roundUp(m, rows));
  return f.keep(address.at(base, i32.mul(index, at.count), 4 * rows));
}

function emitPackA(code: ProductCode): void {
  const { f } = code;
  const { shape, decodeA } = code.options;
  const { bindings, tile } = code.parameters;
  const { k, m, rows, depths } = shape;
  const groups = Math.ceil(m / (rows * packedRowTiles));
  const batch = f.keep(i32.divU(tile, depths * groups));
  const at = depthOf(f, shape, i32.divU(i32.remU(tile, depths * groups), groups));
  const first = f.keep(i32.mul(i32.remU(tile, groups), packedRowTiles));
  const source: PackSource = { components: [bindings[0]!], decode: decodeA, rowElements: m };
  f.for(first, minimum(i32.add(first, packedRowTiles), i32.constant(Math.ceil(m / rows))), 1, (index) => {
    const target = packedA(code, batch, at, index);
    const firstK = i32.add(i32.mul(batch, k), at.start);
    packDown(f, source, { address: target, width: rows, firstK, k: at.count }, f.keep(i32.mul(index, rows)));
  });
}

/** The part of C that one tile computes. */
interface Part {
  readonly batch: Local<"i32">;
  readonly row: Local<"i32">;
  readonly rows: Local<"i32">;
  readonly column: Local<"i32">;
  readonly columns: Local<"i32">;
  /** Packed columns of B. */
  readonly panels: Local<"near">;
}

function emitPart(code: ProductCode): void {
  const { f, options, parameters } = code;
  const { shape } = options;
  const { m, n, partRows, partColumns, depths } = shape;
  const down = Math.ceil(m / partRows);
  const across = Math.ceil(n / partColumns);
  const within = f.keep(i32.remU(parameters.tile, down * across));
  const row = f.keep(i32.mul(i32.divU(within, across), partRows));
  const column = f.keep(i32.mul(i32.remU(within, across), partColumns));
  const part: Part = {
    batch: f.keep(i32.divU(parameters.tile, down * across)),
    row,
    rows: f.keep(minimum(i32.sub(i32.constant(m), row), i32.constant(partRows))),
    column,
    columns: f.keep(minimum(i32.sub(i32.constant(n), column), i32.constant(partColumns))),
    panels: f.keep(near.add(parameters.near, tileBytes(shape))),
  };
  if (depths === 0) {
    emitNothing(code, part);
    return;
  }
  const multiply = (block: Value<"i32">, first: boolean, last: Value<"i32"> | boolean): void => {
    const at = depthOf(f, shape, block);
    packPart(code, part, at);
    forRowBlocks(f, shape, part, (rows) => {
      multiplyRows(code, rows, at, first);
      if (last === true) finish(code, rows);
      else if (last !== false) f.if(last, () => finish(code, rows));
    });
  };
  multiply(i32.constant(0), true, depths === 1);
  if (depths > 1) f.for(1, depths, 1, (block) => multiply(block, false, i32.eq(block, depths - 1)));
}

/** Runs the body for each block of rows of a part. */
function forRowBlocks(f: FunctionBuilder, { blockRows }: ProductShape, part: Part, body: (rows: Part) => void): void {
  const end = f.keep(i32.add(part.row, part.rows));
  f.for(part.row, end, blockRows, (row) =>
    body({ ...part, row, rows: f.keep(minimum(i32.sub(end, row), i32.constant(blockRows))) }),
  );
}

/** Packs the columns of B of a part, for one block of k: [panel][k][columns]. */
function packPart(
  { f, options, parameters: { bindings } }: ProductCode,
  { batch, column, columns, panels }: Part,
  at: DepthBlock,
): void {
  const { shape, componentsOfB, decodeB } = options;
  const { k, n, panel, transposeB } = shape;
  const source: PackSource = {
    components: bindings.slice(1, 1 + componentsOfB),
    decode: decodeB,
    rowElements: transposeB ? k : n,
  };
  const target = f.keep(panels);
  f.for(0, columns, panel, (offset) => {
    const first = f.keep(i32.add(column, offset));
    const packed = { address: target, width: panel, k: at.count };
    if (!transposeB) packDown(f, source, { ...packed, firstK: i32.add(i32.mul(batch, k), at.start) }, first);
    else {
      const row = f.keep(i32.add(i32.mul(batch, n), first));
      const pack = (rows: number): void => packAcross(f, source, { ...packed, firstK: at.start }, row, rows);
      if (n % panel === 0) pack(panel);
      else
        f.if(
          i32.leS(i32.add(first, panel), n),
          () => pack(panel),
          () => pack(n % panel),
        );
    }
    f.set(target, near.at(target, at.count, 4 * panel));
  });
}

/** One block of rows against all panels of the part. */
function multiplyRows(code: ProductCode, part: Part, at: DepthBlock, first: boolean): void {
  const { f, module, options } = code;
  const { bindings, near: scratch } = code.parameters;
  const { shape, output } = options;
  const { m, k, n, rows, packA, transposeA, blockRows } = shape;
  const corner = f.keep(i32.add(i32.mul(i32.add(i32.mul(part.batch, m), part.row), n), part.column));
  const c = f.keep(address.at(bindings[output]!, corner, 4));
  const from = first ? options.initial : output;
  const start = from === undefined ? undefined : f.keep(address.at(bindings[from]!, corner, 4));
  const cornerOfA = transposeA
    ? i32.add(i32.mul(i32.add(i32.mul(part.batch, k), at.start), m), part.row)
    : i32.add(i32.mul(i32.add(i32.mul(part.batch, m), part.row), k), at.start);
  const a = packA
    ? packedA(code, part.batch, at, i32.divU(part.row, rows))
    : f.keep(address.at(bindings[0]!, cornerOfA, 4));
  const block: RowBlock = {
    shape,
    a,
    rowOfA: transposeA ? 4 : 4 * k,
    stepOfA: packA ? 4 * rows : transposeA ? 4 * m : 4,
    count: at.count,
    rows: part.rows,
    mostRows: blockRows,
    columns: part.columns,
    panels: part.panels,
    c,
    start,
    scratch,
  };
  rowTiles(f, module, block);
}

function finish({ f, options: { shape, epilogue }, parameters }: ProductCode, part: Part): void {
  const { rows, column, columns } = part;
  epilogue?.(f, { parameters, row: f.keep(i32.add(i32.mul(part.batch, shape.m), part.row)), rows, column, columns });
}

/** C of an empty sum. */
function emitNothing(code: ProductCode, part: Part): void {
  const { f, options, parameters } = code;
  const { shape, output, initial } = options;
  const { m, n } = shape;
  const corner = f.keep(i32.add(i32.mul(i32.add(i32.mul(part.batch, m), part.row), n), part.column));
  const [target, source] = [output, initial ?? output].map((binding) =>
    f.keep(address.at(parameters.bindings[binding]!, corner, 4)),
  ) as [Local<"address">, Local<"address">];
  const bytes = f.keep(address.at(address.constant(0), part.columns, 4));
  f.repeat(part.rows, () => {
    if (initial === undefined) f.fillBytes(target, 0, bytes);
    else f.copyBytes(target, source, bytes);
    f.increment(target, 4 * n);
    f.increment(source, 4 * n);
  });
  finish(code, part);
}
