// A block of rows of A against packed panels of B: one panel after the other, against all register tiles of the rows.
import {
  address,
  type FunctionBuilder,
  i32,
  type Local,
  load,
  type MemoryType,
  type ModuleBuilder,
  near,
} from "@attune/tensor-core/wasm";
import { type Lanes, storeLanes } from "../kernel-function.ts";
import type { ProductShape } from "./product-shape.ts";
import { type TileLayout, type TileProduct, tileProduct } from "./tile-product.ts";

/** Operands of a block; distances in bytes. */
export interface RowBlock {
  readonly shape: ProductShape;
  /** First row, first k. */
  readonly a: Local<"address">;
  readonly rowOfA: number;
  readonly stepOfA: number;
  /** Elements of k. */
  readonly count: Local<"i32">;
  readonly rows: Local<"i32">;
  /** Most that `rows` can be. */
  readonly mostRows: number;
  readonly columns: Local<"i32">;
  /** Packed B: [panel][k][columns]. */
  readonly panels: Local<"near">;
  readonly c: Local<"address">;
  /** Where sums start, laid out as C; from 0 if undefined. */
  readonly start: Local<"address"> | undefined;
  /** Room for one register tile. */
  readonly scratch: Local<"near">;
}

/** Multiplies a block. */
export function rowTiles(f: FunctionBuilder, module: ModuleBuilder, block: RowBlock): void {
  const { panel } = block.shape;
  const c = f.keep(block.c);
  const start = block.start && f.keep(block.start);
  const b = f.keep(block.panels);
  f.for(0, block.columns, panel, (column) => {
    const left = f.keep(i32.sub(block.columns, column));
    panelRows(f, module, block, { b, c, start, left });
    f.set(b, near.at(b, block.count, 4 * panel));
    f.increment(c, 4 * panel);
    if (start) f.increment(start, 4 * panel);
  });
}

interface Panel {
  readonly b: Local<"near">;
  readonly c: Local<"address">;
  readonly start: Local<"address"> | undefined;
  /** Columns of C from this panel on. */
  readonly left: Local<"i32">;
}

/** One panel against all row tiles. */
function panelRows(f: FunctionBuilder, module: ModuleBuilder, block: RowBlock, panel: Panel): void {
  const { shape, rowOfA, stepOfA } = block;
  const { m, n, rows, vectors } = shape;
  const [a, c] = [f.keep(block.a), f.keep(panel.c)];
  const start = panel.start && f.keep(panel.start);
  const run = (count: number): void => {
    const layout = {
      rows: count,
      vectors,
      rowOfA,
      stepOfA,
      stepOfB: 4 * shape.panel,
      memoryOfA: "address",
      first: start === undefined,
    } as const satisfies TileLayout;
    const product = tileProduct(module, layout);
    const staged = (width: number): void =>
      stagedTile(f, product, block, { a, b: panel.b, c, start, rows: count, width });
    const inPlace = (): void => {
      const [target, from] = [near.ofAddress(c), near.ofAddress(start ?? c)];
      f.call(product, a, panel.b, target, from, block.count, near.constant(4 * n));
    };
    const whole = module.features.nearMemory ? () => staged(shape.panel) : inPlace;
    if (n % shape.panel === 0) whole();
    else f.if(i32.geS(panel.left, shape.panel), whole, () => staged(n % shape.panel));
  };
  if (block.mostRows >= rows) {
    f.if(i32.geS(block.rows, rows), () => {
      f.repeat(i32.divU(block.rows, rows), () => {
        run(rows);
        // Rows of a packed tile are next to each other; the next tile begins where this one's last k ends.
        if (stepOfA === 4 * rows) f.set(a, address.at(a, block.count, stepOfA));
        else f.increment(a, rowOfA * rows);
        f.increment(c, 4 * n * rows);
        if (start) f.increment(start, 4 * n * rows);
      });
    });
  }
  const rest = m % rows;
  if (rest !== 0) f.if(i32.remU(block.rows, rows), () => run(rest));
}

interface StagedTile {
  readonly a: Local<"address">;
  readonly b: Local<"near">;
  readonly c: Local<"address">;
  readonly start: Local<"address"> | undefined;
  readonly rows: number;
  /** Columns of C that it has. */
  readonly width: number;
}

/**
 * A tile that is computed in scratch and copied: one that is wider than what is left of C, and every one where C is not near. The copies
 * are some 5 % of the work of a block of k.
 */
function stagedTile(
  f: FunctionBuilder,
  product: TileProduct<"address">,
  { shape: { n, panel }, scratch, count }: RowBlock,
  { a, b, c, start, rows, width }: StagedTile,
): void {
  const copy = (from: Local<MemoryType>, fromRow: number, to: Local<MemoryType>, toRow: number): void => {
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
  if (start) copy(start, 4 * n, scratch, 4 * panel);
  f.call(product, a, b, scratch, scratch, count, near.constant(4 * panel));
  copy(scratch, 4 * panel, c, 4 * n);
}
