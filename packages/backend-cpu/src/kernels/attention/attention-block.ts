// What forward and backward do alike with a block of query rows and a block of keys: bring them into scratch, multiply them, and
// find out which keys a row sees.
import {
  address,
  type FunctionBuilder,
  f32x4,
  i32,
  type Local,
  load,
  type ModuleBuilder,
  near,
  select,
  type Value,
} from "@attune/tensor-core/wasm";
import { forVectors } from "../for-vectors.ts";
import { transpose4 } from "../product/pack.ts";
import { tileProduct } from "../product/tile-product.ts";
import type { AttentionShape, KnownExtra } from "./attention-shape.ts";

type Address = Local<"address">;
type Near = Local<"near">;
type Index = Local<"i32">;

/** Addresses of the optional operands. */
export type ExtraAddresses = { readonly [name in KnownExtra]?: Address };

/** The smaller of a value and a bound. */
export function atMost(f: FunctionBuilder, value: Value<"i32">, bound: Value<"i32">): Index {
  const [kept, limit] = [f.keep(value), f.keep(bound)];
  return f.keep(select(i32.ltS(kept, limit), kept, limit));
}

/** Names the bindings of the optional operands. */
export function extraAddresses(
  { extras }: AttentionShape,
  bindings: readonly Address[],
  first: number,
): ExtraAddresses {
  return Object.fromEntries(extras.map((name, index) => [name, bindings[first + index]!]));
}

/** Consecutive parts of scratch, each of so many floats, 64-byte aligned. */
export function scratchParts<K extends string>(
  sizes: Readonly<Record<K, number>>,
): { offsets: Record<K, number>; bytes: number } {
  let bytes = 0;
  const offsets = Object.fromEntries(
    Object.entries<number>(sizes).map(([name, floats]) => {
      const offset = bytes;
      bytes += Math.ceil((floats * 4) / 64) * 64;
      return [name, offset];
    }),
  );
  return { offsets: offsets as Record<K, number>, bytes };
}

/** Where the parts of a tile's scratch start. */
export function partAddresses<K extends string>(
  f: FunctionBuilder,
  scratch: Near,
  offsets: Readonly<Record<K, number>>,
): Readonly<Record<K, Near>> {
  const addresses = Object.entries<number>(offsets).map(([name, offset]) => [name, f.keep(near.add(scratch, offset))]);
  return Object.fromEntries(addresses) as Record<K, Near>;
}

/** Where a tile works: a row of the batch, a head of the keys, and the first of the query heads that it reads keys for. */
export interface Place {
  readonly batch: Index;
  readonly keyHead: Index;
  readonly head: Index;
}

/** What the code of a tile is written with, and for. */
export interface AttentionTile {
  readonly f: FunctionBuilder;
  readonly module: ModuleBuilder;
  readonly shape: AttentionShape;
  readonly place: Place;
}

/** Consecutive keys. */
export interface KeyBlock {
  readonly firstKey: Index;
  readonly keyCount: Index;
}

/** Address of a query's (or output's) first element: `[batch, queries, heads, size]`. */
export function queryAddress(
  { shape, place }: AttentionTile,
  base: Address,
  query: Value<"i32">,
  member: Value<"i32">,
): Value<"address"> {
  const row = i32.add(i32.mul(place.batch, shape.queries), query);
  const head = i32.add(place.head, member);
  return address.at(base, i32.add(i32.mul(row, shape.heads), head), shape.size * 4);
}

/** Address of a key's (or value's) first element: `[batch, keys, keyHeads, size]`. */
export function keyAddress({ shape, place }: AttentionTile, base: Address, key: Value<"i32">): Value<"address"> {
  const row = i32.add(i32.mul(place.batch, shape.keys), key);
  return address.at(base, i32.add(i32.mul(row, shape.keyHeads), place.keyHead), shape.size * 4);
}

/** Address of a row's log-sum-exp: `[batch, heads, queries]`. */
export function logSumAddress(
  { shape, place }: AttentionTile,
  base: Address,
  query: Value<"i32">,
  member: Value<"i32">,
): Value<"address"> {
  const head = i32.add(place.head, member);
  const row = i32.add(i32.mul(place.batch, shape.heads), head);
  return address.at(base, i32.add(i32.mul(row, shape.queries), query), 4);
}

/** Runs the body for each row of a block that is a query, with its row, query and member of the head group. */
export function forBlockRows(
  { f, shape }: AttentionTile,
  firstQuery: Index,
  body: (row: Index, query: Index, member: Index) => void,
): void {
  const last = atMost(f, i32.add(firstQuery, shape.blockQueries), i32.constant(shape.queries));
  f.for(0, shape.group, 1, (member) => {
    const row = f.local("i32", i32.mul(member, shape.blockQueries));
    f.for(firstQuery, last, 1, (query) => {
      body(row, query, member);
      f.increment(row, 1);
    });
  });
}

/** Sets so many floats to 0. */
export function clear(f: FunctionBuilder, target: Near, floats: number): void {
  const zero = f.hoisted(f32x4.constant(0));
  forVectors(f, floats, (at) => at.store(target, zero));
}

/** Brings rows of `[batch, queries, heads, size]` into scratch, times `factor`; rows that are no query become 0. */
export function packRows(tile: AttentionTile, firstQuery: Index, source: Address, target: Near, factor: number): void {
  const { f, shape } = tile;
  clear(f, target, shape.blockRows * shape.size);
  forBlockRows(tile, firstQuery, (row, query, member) => {
    const from = f.keep(queryAddress(tile, source, query, member));
    const to = f.keep(near.at(target, row, shape.size * 4));
    forVectors(f, shape.size, (at) => {
      const value = at.load(from);
      at.store(to, factor === 1 ? value : f32x4.mul(value, f.hoisted(f32x4.constant(factor))));
    });
  });
}

/**
 * Brings a block of keys into scratch transposed, `[size, blockKeys]`, so that scores are sums over rows of it. Keys come four at a time;
 * the last four may reach beyond the block's keys, into columns that nobody reads.
 */
export function packTransposed(
  tile: AttentionTile,
  { firstKey, keyCount }: KeyBlock,
  source: Address,
  target: Near,
): void {
  const { f, shape } = tile;
  const pitch = shape.blockKeys * 4;
  const last = f.keep(i32.sub(i32.constant(shape.keys), 1));
  f.for(0, keyCount, 4, (key) => {
    const rows = [0, 1, 2, 3].map((offset) =>
      f.keep(keyAddress(tile, source, atMost(f, i32.add(i32.add(firstKey, key), offset), last))),
    );
    const to = f.keep(near.at(target, key, 4));
    f.repeat(shape.size / 4, () => {
      const columns = transpose4(
        f,
        rows.map((row) => f.keep(load("v128", row))),
      );
      for (const [index, column] of columns.entries()) f.store("v128", to, column, index * pitch);
      for (const row of rows) f.increment(row, 16);
      f.increment(to, 4 * pitch);
    });
  });
}

/** Brings a block of keys into scratch as it is, `[blockKeys, size]`: rows that lie apart in memory would evict each other from the cache. */
export function packKeys(tile: AttentionTile, { firstKey, keyCount }: KeyBlock, source: Address, target: Near): void {
  const { f, shape } = tile;
  f.for(0, keyCount, 1, (key) => {
    const from = f.keep(keyAddress(tile, source, i32.add(firstKey, key)));
    const to = f.keep(near.at(target, key, shape.size * 4));
    forVectors(f, shape.size, (at) => at.store(to, at.load(from)));
  });
}

/** Operands of a product in near scratch; distances in bytes. */
export interface BlockProduct {
  readonly rows: number;
  readonly columns: number;
  readonly a: Value<"near">;
  readonly rowOfA: number;
  readonly stepOfA: number;
  readonly b: Value<"near">;
  readonly stepOfB: number;
  readonly c: Value<"near">;
  readonly rowOfC: number;
  readonly k: Value<"i32">;
  /** Whether C starts at 0 instead of at what memory holds. */
  readonly first: boolean;
}

/** C = A·B (+ C), in tiles of `tileRows` rows and at most four vectors. Rows are a multiple of four, columns of eight. */
export function blockProduct({ f, module, shape: { tileRows } }: AttentionTile, product: BlockProduct): void {
  const { rows, columns, rowOfA, stepOfA, stepOfB, rowOfC, first } = product;
  const [k, c, b] = [f.keep(product.k), f.keep(product.c), f.keep(product.b)];
  const a = f.keep(product.a);
  const wide = Math.floor(columns / 16);
  const layout = { rows: tileRows, rowOfA, stepOfA, stepOfB, memoryOfA: "near", first } as const;
  f.repeat(rows / tileRows, () => {
    const [column, right] = [f.keep(c), f.keep(b)];
    if (wide > 0) {
      f.repeat(wide, () => {
        f.call(tileProduct(module, { ...layout, vectors: 4 }), a, right, column, column, k, near.constant(rowOfC));
        f.increment(column, 64);
        f.increment(right, 64);
      });
    }
    if (columns % 16 !== 0)
      f.call(tileProduct(module, { ...layout, vectors: 2 }), a, right, column, column, k, near.constant(rowOfC));
    f.increment(a, tileRows * rowOfA);
    f.increment(c, tileRows * rowOfC);
  });
}
