// Which keys a block of queries sees: for a block as a whole, for each row of it, and hiding the scores of those that a row does not see.
import {
  address,
  type FunctionBuilder,
  f32x4,
  i32,
  i32x4,
  type Local,
  load,
  select,
  type Value,
  v128,
} from "@attune/tensor-core/wasm";
import { type VectorPlace, vectorRound } from "../for-vectors.ts";
import { type AttentionTile, atMost, type ExtraAddresses, type KeyBlock } from "./attention-block.ts";

type Address = Local<"address">;
type Index = Local<"i32">;

/** Stands for the score of a hidden key: finite, so that differences of two are no NaN. */
export const hiddenScore = -3e38;

/** A tile with what hides keys from its rows. */
export interface MaskedTile extends AttentionTile {
  readonly extras: ExtraAddresses;
  /** Keys of its row of the batch, see `keyLimit`. */
  readonly limit: Index;
}

/** What hides keys from a row, prepared once a row. */
export interface RowSight {
  /** Lanes of keys that the row sees: all bits set; `vector` counts vectors of four keys from `firstKey`. */
  mask(firstKey: Index, vector: Value<"i32">): Value<"v128">;
}

/** Keys of this row of the batch: the smaller of `lengths` and the shape. */
export function keyLimit({ f, shape, place }: AttentionTile, extras: ExtraAddresses): Index {
  if (!extras.lengths) return f.keep(i32.constant(shape.keys));
  return atMost(f, load("i32", address.at(extras.lengths, place.batch, 4)), i32.constant(shape.keys));
}

/** Prepares the mask of one query row. */
export function rowSight({ f, shape, place, extras, limit }: MaskedTile, query: Index): RowSight {
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

/** One block of queries against the keys of a block that some of them may see. */
export interface BlockSpan extends KeyBlock {
  readonly firstQuery: Index;
  /** Not 0 where every row sees every key of the block, and the block is whole: no mask is needed. */
  readonly allVisible: Index;
}

/**
 * Runs the body for each block of keys that some row of the query block may see. Blocks after the last causal key are left out, and
 * blocks whose documents cannot meet those of the queries: equal ids need overlapping ranges.
 */
export function forKeyBlocks(tile: MaskedTile, firstQuery: Index, body: (span: BlockSpan) => void): void {
  const { f, shape, extras, limit } = tile;
  const ordered = shape.causal && !extras.queryPositions && !extras.keyPositions;
  const causalEnd = i32.add(firstQuery, shape.blockQueries + shape.keys - shape.queries);
  const end = ordered ? atMost(f, causalEnd, limit) : limit;
  f.for(0, end, shape.blockKeys, (firstKey) => {
    const keyCount = atMost(f, i32.sub(end, firstKey), i32.constant(shape.blockKeys));
    f.block((skip) => body(blockSpan(tile, { firstQuery, firstKey, keyCount }, skip)));
  });
}

/** What is known of a block as a whole; leaves it where the documents of queries and keys lie in ranges that do not meet. */
export function blockSpan(
  { f, shape, place, extras, limit }: MaskedTile,
  { firstQuery, firstKey, keyCount }: Omit<BlockSpan, "allVisible">,
  skip: (condition?: Value<"i32">) => void,
): BlockSpan {
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
  body: (place: VectorPlace, round: Index) => void,
): void {
  const offset = f.local("address");
  f.set(offset, 0);
  f.for(0, pairs, 1, (round) => {
    vectorRound(f, offset, [4, 4], (place) => body(place, round));
    f.increment(offset, 32);
  });
}

/** Replaces the scores of keys that a row does not see by `hiddenScore`. */
export function hideScores(
  f: FunctionBuilder,
  { firstKey }: BlockSpan,
  pairs: Index,
  line: Local<"near">,
  sight: RowSight,
): void {
  const hidden = f.hoisted(f32x4.constant(hiddenScore));
  forKeyVectors(f, pairs, (at, round) => {
    const mask = sight.mask(firstKey, i32.add(i32.shl(round, 1), at.which));
    at.store(line, v128.bitselect(at.load(line), hidden, mask));
  });
}
