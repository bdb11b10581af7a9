// What forward and backward do alike with a block of query rows and a block of keys: bring them into scratch, multiply them, and
// find out which keys a row sees.
import {
  address,
  type FunctionBuilder,
  f32x4,
  i32,
  i32x4,
  type Local,
  load,
  type ModuleBuilder,
  select,
  type Value,
  v128,
} from "@attune/tensor-core/wasm";
import { forVectors } from "../kernel-function.ts";
import { transpose4 } from "../product/pack.ts";
import { tileProduct } from "../product/tile-product.ts";
import type { AttentionShape, KnownExtra } from "./attention-shape.ts";

type Address = Local<"address">;
type Index = Local<"i32">;

/** Stands for the score of a hidden key: finite, so that differences of two are no NaN. */
export const hiddenScore = -3e38;

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

/** Where a tile works: a row of the batch, and a head of the keys. */
export interface Place {
  readonly batch: Index;
  readonly keyHead: Index;
}

/** Address of a query's (or output's) first element: `[batch, queries, heads, size]`. */
export function queryAddress(
  base: Address,
  shape: AttentionShape,
  place: Place,
  query: Value<"i32">,
  member: Value<"i32">,
): Value<"address"> {
  const row = i32.add(i32.mul(place.batch, shape.queries), query);
  const head = i32.add(i32.mul(place.keyHead, shape.group), member);
  return address.at(base, i32.add(i32.mul(row, shape.heads), head), shape.size * 4);
}

/** Address of a key's (or value's) first element: `[batch, keys, keyHeads, size]`. */
export function keyAddress(base: Address, shape: AttentionShape, place: Place, key: Value<"i32">): Value<"address"> {
  const row = i32.add(i32.mul(place.batch, shape.keys), key);
  return address.at(base, i32.add(i32.mul(row, shape.keyHeads), place.keyHead), shape.size * 4);
}

/** Address of a row's log-sum-exp: `[batch, heads, queries]`. */
export function logSumAddress(
  base: Address,
  shape: AttentionShape,
  place: Place,
  query: Value<"i32">,
  member: Value<"i32">,
): Value<"address"> {
  const head = i32.add(i32.mul(place.keyHead, shape.group), member);
  const row = i32.add(i32.mul(place.batch, shape.heads), head);
  return address.at(base, i32.add(i32.mul(row, shape.queries), query), 4);
}

/** Runs the body for each row of a block that is a query, with its row, query and member of the head group. */
export function forBlockRows(
  f: FunctionBuilder,
  shape: AttentionShape,
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

/** Brings rows of `[batch, queries, heads, size]` into scratch, times `factor`; rows that are no query become 0. */
export function packRows(
  f: FunctionBuilder,
  shape: AttentionShape,
  place: Place,
  firstQuery: Index,
  source: Address,
  target: Address,
  factor: number,
): void {
  const bytes = shape.blockRows * shape.size * 4;
  f.fillBytes(target, 0, address.constant(bytes));
  forBlockRows(f, shape, firstQuery, (row, query, member) => {
    const from = f.keep(queryAddress(source, shape, place, query, member));
    const to = f.keep(address.at(target, row, shape.size * 4));
    forVectors(f, shape.size, (offset, constantOffset) => {
      const value = load("v128", address.add(from, offset), constantOffset);
      const scaled = factor === 1 ? value : f32x4.mul(value, f.hoisted(f32x4.constant(factor)));
      f.store("v128", address.add(to, offset), scaled, constantOffset);
    });
  });
}

/**
 * Brings a block of keys into scratch transposed, `[size, blockKeys]`, so that scores are sums over rows of it. Keys come four at a time;
 * the last four may reach beyond the block's keys, into columns that nobody reads.
 */
export function packTransposed(
  f: FunctionBuilder,
  shape: AttentionShape,
  place: Place,
  firstKey: Index,
  keyCount: Index,
  source: Address,
  target: Address,
): void {
  const pitch = shape.blockKeys * 4;
  const last = f.keep(i32.sub(i32.constant(shape.keys), 1));
  f.for(0, keyCount, 4, (key) => {
    const rows = [0, 1, 2, 3].map((offset) =>
      f.keep(keyAddress(source, shape, place, atMost(f, i32.add(i32.add(firstKey, key), offset), last))),
    );
    const to = f.keep(address.at(target, key, 4));
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
export function packKeys(
  f: FunctionBuilder,
  shape: AttentionShape,
  place: Place,
  firstKey: Index,
  keyCount: Index,
  source: Address,
  target: Address,
): void {
  f.for(0, keyCount, 1, (key) => {
    const from = f.keep(keyAddress(source, shape, place, i32.add(firstKey, key)));
    const to = f.keep(address.at(target, key, shape.size * 4));
    forVectors(f, shape.size, (offset, constantOffset) => {
      f.store("v128", address.add(to, offset), load("v128", address.add(from, offset), constantOffset), constantOffset);
    });
  });
}

/** Operands of a product in scratch or memory; distances in bytes. */
export interface BlockProduct {
  readonly rows: number;
  readonly columns: number;
  readonly a: Value<"address">;
  readonly rowOfA: number;
  readonly stepOfA: number;
  readonly b: Value<"address">;
  readonly stepOfB: number;
  readonly c: Value<"address">;
  readonly rowOfC: number;
  readonly k: Value<"i32">;
  /** Whether C starts at 0 instead of at what memory holds. */
  readonly first: boolean;
}

/** C = A·B (+ C), in tiles of `tileRows` rows and at most four vectors. Rows are a multiple of four, columns of eight. */
export function blockProduct(
  f: FunctionBuilder,
  module: ModuleBuilder,
  { tileRows }: Pick<AttentionShape, "tileRows">,
  product: BlockProduct,
): void {
  const { rows, columns, rowOfA, stepOfA, stepOfB, rowOfC, first } = product;
  const [k, c, b] = [f.keep(product.k), f.keep(product.c), f.keep(product.b)];
  const a = f.keep(product.a);
  const wide = Math.floor(columns / 16);
  const layout = { rows: tileRows, rowOfA, stepOfA, stepOfB, first };
  f.repeat(rows / tileRows, () => {
    const [column, right] = [f.keep(c), f.keep(b)];
    if (wide > 0) {
      f.repeat(wide, () => {
        f.call(tileProduct(module, { ...layout, vectors: 4 }), a, right, column, k, address.constant(rowOfC));
        f.increment(column, 64);
        f.increment(right, 64);
      });
    }
    if (columns % 16 !== 0)
      f.call(tileProduct(module, { ...layout, vectors: 2 }), a, right, column, k, address.constant(rowOfC));
    f.increment(a, tileRows * rowOfA);
    f.increment(c, tileRows * rowOfC);
  });
}

/** What hides keys from a row, prepared once a row. */
export interface RowSight {
  /** Lanes of keys that the row sees: all bits set; `vector` counts vectors of four keys from `firstKey`. */
  mask(firstKey: Index, vector: Value<"i32">): Value<"v128">;
}

/** Keys of this row of the batch: the smaller of `lengths` and the shape. */
export function keyLimit(f: FunctionBuilder, shape: AttentionShape, place: Place, extras: ExtraAddresses): Index {
  if (!extras.lengths) return f.keep(i32.constant(shape.keys));
  return atMost(f, load("i32", address.at(extras.lengths, place.batch, 4)), i32.constant(shape.keys));
}

/** Prepares the mask of one query row. */
export function rowSight(
  f: FunctionBuilder,
  shape: AttentionShape,
  place: Place,
  extras: ExtraAddresses,
  query: Index,
  limit: Index,
): RowSight {
  const queryRow = f.keep(i32.add(i32.mul(place.batch, shape.queries), query));
  const keyRow = f.keep(i32.mul(place.batch, shape.keys));
  const position = f.keep(
    i32x4.splat(
      extras.queryPositions
        ? load("i32", address.at(extras.queryPositions, queryRow, 4))
        : i32.add(query, shape.keys - shape.queries),
    ),
  );
  const document = extras.queryDocuments
    ? f.keep(i32x4.splat(load("i32", address.at(extras.queryDocuments, queryRow, 4))))
    : undefined;
  const end = f.keep(i32x4.splat(limit));
  const zero = f.hoisted(i32x4.constant(0));
  return {
    mask(firstKey, vector) {
      const start = f.keep(i32.add(firstKey, i32.mul(vector, 4)));
      const keys = f.keep(i32x4.add(i32x4.splat(start), f.hoisted(i32x4.constant(0, 1, 2, 3))));
      const at = (base: Address): Value<"v128"> => load("v128", address.at(base, i32.add(keyRow, start), 4));
      const places = extras.keyPositions ? f.keep(at(extras.keyPositions)) : keys;
      const parts: Value<"v128">[] = [i32x4.ltS(keys, end)];
      if (extras.keyPositions) parts.push(i32x4.geS(places, zero));
      if (document) parts.push(i32x4.eq(at(extras.keyDocuments!), document), i32x4.geS(document, zero));
      if (shape.causal) parts.push(i32x4.leS(places, position));
      if (shape.window > 0)
        parts.push(i32x4.ltS(i32x4.abs(i32x4.sub(position, places)), f.hoisted(i32x4.constant(shape.window))));
      return parts.reduce((all, part) => v128.and(all, part));
    },
  };
}

/** One block of queries against one block of keys. */
export interface BlockSpan {
  readonly firstQuery: Index;
  readonly firstKey: Index;
  /** Keys of the block that some row may see. */
  readonly keyCount: Index;
  /** Not 0 where every row sees every key of the block, and the block is whole: no mask is needed. */
  readonly allVisible: Index;
}

/**
 * Runs the body for each block of keys that some row of the query block may see. Blocks after the last causal key are left out, and
 * blocks whose documents cannot meet those of the queries: equal ids need overlapping ranges.
 */
export function forKeyBlocks(
  f: FunctionBuilder,
  shape: AttentionShape,
  place: Place,
  extras: ExtraAddresses,
  firstQuery: Index,
  limit: Index,
  body: (span: BlockSpan) => void,
): void {
  const ordered = shape.causal && !extras.queryPositions && !extras.keyPositions;
  const causalEnd = i32.add(firstQuery, shape.blockQueries + shape.keys - shape.queries);
  const end = ordered ? atMost(f, causalEnd, limit) : limit;
  f.for(0, end, shape.blockKeys, (firstKey) => {
    const keyCount = atMost(f, i32.sub(end, firstKey), i32.constant(shape.blockKeys));
    f.block((skip) => body(blockSpan(f, shape, place, extras, { firstQuery, firstKey, keyCount, limit }, skip)));
  });
}

/** What is known of a block as a whole; leaves it where the documents of queries and keys lie in ranges that do not meet. */
export function blockSpan(
  f: FunctionBuilder,
  shape: AttentionShape,
  place: Place,
  extras: ExtraAddresses,
  at: Pick<BlockSpan, "firstQuery" | "firstKey" | "keyCount"> & { readonly limit: Index },
  skip: (condition?: Value<"i32">) => void,
): BlockSpan {
  const { firstQuery, firstKey, keyCount, limit } = at;
  const shift = shape.keys - shape.queries;
  const conditions: Value<"i32">[] = [
    i32.eq(keyCount, shape.blockKeys),
    i32.leS(i32.add(firstKey, shape.blockKeys), limit),
    i32.constant(extras.queryPositions || extras.keyPositions ? 0 : 1),
  ];
  if (extras.queryDocuments && extras.keyDocuments) {
    const ofQueries = i32.mul(place.batch, shape.queries);
    const queries = documentRange(f, extras.queryDocuments, ofQueries, firstQuery, shape.blockQueries, shape.queries);
    const ofKeys = i32.mul(place.batch, shape.keys);
    const keys = documentRange(f, extras.keyDocuments, ofKeys, firstKey, shape.blockKeys, shape.keys);
    skip(i32.ltS(queries.high, keys.low));
    skip(i32.ltS(keys.high, queries.low));
    // The ranges meet, so two single documents are the same one.
    conditions.push(i32.eq(queries.low, queries.high), i32.eq(keys.low, keys.high), i32.geS(queries.low, 0));
  }
  if (shape.causal) conditions.push(i32.leS(i32.add(firstKey, shape.blockKeys - 1), i32.add(firstQuery, shift)));
  if (shape.window > 0) {
    const farthest = i32.sub(i32.add(firstQuery, shape.blockQueries - 1 + shift), firstKey);
    const nearest = i32.sub(i32.add(firstKey, shape.blockKeys - 1), i32.add(firstQuery, shift));
    conditions.push(i32.ltS(farthest, shape.window), i32.ltS(nearest, shape.window));
  }
  const allVisible = f.keep(conditions.reduce((all, condition) => i32.and(all, condition)));
  return { firstQuery, firstKey, keyCount, allVisible };
}

function documentRange(
  f: FunctionBuilder,
  base: Address,
  row: Value<"i32">,
  first: Index,
  count: number,
  total: number,
): { low: Index; high: Index } {
  const [low, high] = [f.local("i32", i32.constant(0x7fffffff)), f.local("i32", i32.constant(-0x80000000))];
  const start = f.keep(row);
  const end = atMost(f, i32.add(first, count), i32.constant(total));
  f.for(first, end, 1, (index) => {
    const document = f.keep(load("i32", address.at(base, i32.add(start, index), 4)));
    f.set(low, select(i32.ltS(document, low), document, low));
    f.set(high, select(i32.gtS(document, high), document, high));
  });
  return { low, high };
}

/** Vectors of four keys that a row of a block has, in pairs, so that neighbouring vectors may be computed as one. */
export function keyPairs(f: FunctionBuilder, { keyCount }: BlockSpan): Index {
  return f.keep(i32.shrU(i32.add(keyCount, 7), 3));
}

/** Runs the body for each vector of four keys of a block row, two a round. */
export function forKeyVectors(
  f: FunctionBuilder,
  pairs: Value<"i32">,
  body: (offset: Address, constantOffset: 0 | 16, round: Index) => void,
): void {
  const offset = f.local("address");
  f.set(offset, 0);
  f.for(0, pairs, 1, (round) => {
    body(offset, 0, round);
    body(offset, 16, round);
    f.increment(offset, 32);
  });
}

/** Replaces the scores of keys that a row does not see by `hiddenScore`; nothing to do where every row of the block sees all. */
export function hideScores(
  f: FunctionBuilder,
  { firstKey, allVisible }: BlockSpan,
  pairs: Index,
  line: Address,
  sight: () => RowSight,
): void {
  f.if(i32.eqz(allVisible), () => {
    const row = sight();
    const hidden = f.hoisted(f32x4.constant(hiddenScore));
    forKeyVectors(f, pairs, (offset, constantOffset, round) => {
      const mask = row.mask(firstKey, i32.add(i32.shl(round, 1), constantOffset / 16));
      const target = f.keep(address.add(line, offset));
      f.store("v128", target, v128.bitselect(load("v128", target, constantOffset), hidden, mask), constantOffset);
    });
  });
}
