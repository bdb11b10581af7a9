// Attention of one query a sequence over many keys, as in decoding: keys and values are read where they lie, once for all query heads
// that share them, by tiles of keys; then the tiles of a head are joined, in order.
//   m = max_s x_s;  l = Σ_s e^(x_s - m);  o = Σ_s e^(x_s - m) v_s;  joined with e^(m - max m). Dao and others, Flash-Decoding, 2023.
import type { KernelDef } from "@attune/tensor-core";
import { address, type FunctionBuilder, f32, f32x4, i32, type Local, load, type Value } from "@attune/tensor-core/wasm";
import { forVectors } from "../for-vectors.ts";
import { kernelFunction } from "../kernel-function.ts";
import { transpose4 } from "../product/pack.ts";
import { largestLane, sumLanes, vectorExpNormal, vectorLog } from "../vector-math.ts";
import {
  type AttentionTile,
  atMost,
  extraAddresses,
  keyAddress,
  logSumAddress,
  type Place,
  queryAddress,
} from "./attention-block.ts";
import { type AttentionShape, attentionShape, shapeKey } from "./attention-shape.ts";
import { keyLimit } from "./attention-sight.ts";

type Address = Local<"address">;
type Index = Local<"i32">;

/** Keys of a tile: some 100 KiB of keys and values. */
const tileKeys = 256;

/** Query heads that are multiplied at a time: with four keys, or four vectors of a value, twelve sums fit the registers. */
const headsAtOnce = 3;

/** Floats of a tile's result for one query head: its sum of values, largest score and total. */
const resultFloats = ({ size }: AttentionShape): number => size + 8;

export const attentionDecodeKernel: KernelDef = {
  kind: "kernel",
  specificationVersion: 1,
  id: "cpu.attention.decode",
  op: "attention",
  backend: "cpu",
  accepts(signature, capabilities) {
    const shape = attentionShape(signature, 3, capabilities);
    const seesAll = shape && !shape.causal && shape.window <= 0 && shape.extras.every((name) => name === "lengths");
    return seesAll && shape.queries === 1 && shape.keys > 0 ? 0.5 : undefined;
  },
  lower(signature, capabilities) {
    const shape = attentionShape(signature, 3, capabilities)!;
    const { batch, keyHeads, heads, keys, group } = shape;
    const splits = Math.ceil(keys / tileKeys);
    const tiles = batch * keyHeads * splits;
    return {
      backend: "cpu",
      key: `attention.decode|${shapeKey(shape)}`,
      tiles: tiles + batch * keyHeads,
      phases: [tiles],
      scratchBytes: 4 * group * tileKeys,
      sharedBytes: 4 * batch * heads * splits * resultFloats(shape),
      emit: (module) =>
        kernelFunction(
          module,
          "attentionDecode",
          signature.inputs.length + 2,
          (f, { bindings, tile, scratch, shared }) => {
            const [q, k, v] = bindings as [Address, Address, Address];
            const [output, logSumExp] = bindings.slice(signature.inputs.length) as [Address, Address];
            f.if(
              i32.ltU(tile, tiles),
              () => {
                const here = { f, module, shape, place: placeOf(f, shape, i32.divU(tile, splits)) };
                const first = f.keep(i32.mul(i32.remU(tile, splits), tileKeys));
                const limit = keyLimit(here, extraAddresses(shape, bindings, 3));
                const last = atMost(f, limit, i32.add(first, tileKeys));
                const results = resultAddress(f, shape, shared, tile);
                emitTile(here, { first, last }, { q, k, v, scores: scratch, results });
              },
              () => {
                const row = f.keep(i32.sub(tile, tiles));
                const results = resultAddress(f, shape, shared, i32.mul(row, splits));
                const here = { f, module, shape, place: placeOf(f, shape, row) };
                emitJoin(here, splits, { results, output, logSumExp });
              },
            );
          },
        ),
    };
  },
};

function placeOf(f: FunctionBuilder, { keyHeads, group }: AttentionShape, row: Value<"i32">): Place {
  const kept = f.keep(row);
  const keyHead = f.keep(i32.remU(kept, keyHeads));
  return { batch: f.keep(i32.divU(kept, keyHeads)), keyHead, head: f.keep(i32.mul(keyHead, group)) };
}

/** Results of a tile, one query head after the other. */
function resultAddress(f: FunctionBuilder, shape: AttentionShape, shared: Address, tile: Value<"i32">): Address {
  return f.keep(address.at(shared, tile, 4 * shape.group * resultFloats(shape)));
}

/** Keys of a tile: the first, and the one after the last. */
interface KeyRange {
  readonly first: Index;
  readonly last: Index;
}

interface TileOperands {
  readonly q: Address;
  readonly k: Address;
  readonly v: Address;
  /** Room for the scores of the tile's keys, one query head after the other. */
  readonly scores: Address;
  readonly results: Address;
}

/** Runs the body for groups of at most `headsAtOnce` query heads. */
function forHeads({ group }: AttentionShape, body: (members: readonly number[]) => void): void {
  for (let first = 0; first < group; first += headsAtOnce)
    body(Array.from({ length: Math.min(headsAtOnce, group - first) }, (_, index) => first + index));
}

/** Results of the keys from `first` to `last`; where there are none, a total of 0. */
function emitTile(here: AttentionTile, keys: KeyRange, operands: TileOperands): void {
  const { f, shape } = here;
  const { size, group } = shape;
  const resultBytes = 4 * resultFloats(shape);
  f.if(
    i32.geS(keys.first, keys.last),
    () => f.fillBytes(operands.results, 0, address.constant(group * resultBytes)),
    () => {
      forHeads(shape, (members) => emitScores(here, keys, operands, members));
      for (let member = 0; member < group; member++) {
        const line = f.keep(address.add(operands.scores, 4 * tileKeys * member));
        const { largest, total } = weigh(f, line, f.keep(i32.sub(keys.last, keys.first)));
        f.store("f32", operands.results, largest, resultBytes * member + 4 * size);
        f.store("f32", operands.results, total, resultBytes * member + 4 * size + 4);
      }
      forHeads(shape, (members) => emitValues(here, keys, operands, members));
    },
  );
}

/** Scores of some query heads, four keys at a time. Keys that would lie past the last are the last again; their scores are not used. */
function emitScores(
  here: AttentionTile,
  { first, last }: KeyRange,
  { q, k, scores }: TileOperands,
  members: readonly number[],
): void {
  const { f, shape } = here;
  const query = f.keep(queryAddress(here, q, i32.constant(0), i32.constant(0)));
  const end = f.keep(i32.sub(last, 1));
  const target = f.keep(scores);
  f.for(first, last, 4, (key) => {
    const cursors = [0, 1, 2, 3].map((index) => f.keep(keyAddress(here, k, atMost(f, i32.add(key, index), end))));
    const sums = members.map(() => cursors.map(() => f.keep(f32x4.constant(0))));
    for (let element = 0; element < shape.size; element += 4) {
      const keys = cursors.map((cursor) => f.keep(load("v128", cursor, 4 * element)));
      for (const [index, member] of members.entries()) {
        const left = f.keep(load("v128", query, 4 * (member * shape.size + element)));
        for (const [lane, right] of keys.entries())
          f.set(sums[index]![lane]!, f32x4.madd(left, right, sums[index]![lane]!));
      }
    }
    for (const [index, member] of members.entries()) {
      const [one, two, three, four] = transpose4(f, sums[index]!) as [
        Value<"v128">,
        Value<"v128">,
        Value<"v128">,
        Value<"v128">,
      ];
      const score = f32x4.mul(
        f32x4.add(f32x4.add(one, three), f32x4.add(two, four)),
        f.hoisted(f32x4.constant(shape.scale)),
      );
      f.store("v128", target, score, 4 * tileKeys * member);
    }
    f.increment(target, 16);
  });
}

/** Turns `count` scores into weights e^(x - largest), and gives what they were weighed by. */
function weigh(f: FunctionBuilder, line: Address, count: Index): { largest: Local<"f32">; total: Local<"f32"> } {
  const end = f.keep(address.at(line, count, 4));
  // Filled up to a whole vector, with scores that weigh nothing.
  f.for(0, i32.and(i32.sub(i32.constant(0), count), 3), 1, (index) =>
    f.store("f32", address.at(end, index, 4), Number.NEGATIVE_INFINITY),
  );
  const vectors = f.keep(i32.shrU(i32.add(count, 3), 2));
  const cursor = f.keep(line);
  const most = f.keep(f32x4.constant(Number.NEGATIVE_INFINITY));
  f.repeat(vectors, () => {
    f.set(most, f32x4.pmax(most, load("v128", cursor)));
    f.increment(cursor, 16);
  });
  const largest = f.keep(largestLane(f, most));
  const shift = f.keep(f32x4.splat(largest));
  const total = f.keep(f32x4.constant(0));
  f.set(cursor, line);
  f.repeat(vectors, () => {
    const weight = f.keep(vectorExpNormal(f, f32x4.sub(load("v128", cursor), shift)));
    f.store("v128", cursor, weight);
    f.set(total, f32x4.add(total, weight));
    f.increment(cursor, 16);
  });
  return { largest, total: f.keep(sumLanes(f, total)) };
}

/** Weighted sums of values of some query heads, sixteen elements at a time. */
function emitValues(
  here: AttentionTile,
  { first, last }: KeyRange,
  { v, scores, results }: TileOperands,
  members: readonly number[],
): void {
  const { f, shape } = here;
  const count = f.keep(i32.sub(last, first));
  for (let element = 0; element < shape.size; element += 16) {
    const vectors = Array.from({ length: Math.min(4, (shape.size - element) / 4) }, (_, index) => element + 4 * index);
    const sums = members.map(() => vectors.map(() => f.keep(f32x4.constant(0))));
    const value = f.keep(keyAddress(here, v, first));
    const weight = f.keep(scores);
    f.repeat(count, () => {
      const values = vectors.map((at) => f.keep(load("v128", value, 4 * at)));
      for (const [index, member] of members.entries()) {
        const left = f.keep(load("splat32", weight, 4 * tileKeys * member));
        for (const [lane, right] of values.entries())
          f.set(sums[index]![lane]!, f32x4.madd(left, right, sums[index]![lane]!));
      }
      f.increment(value, 4 * shape.keyHeads * shape.size);
      f.increment(weight, 4);
    });
    for (const [index, member] of members.entries())
      for (const [lane, at] of vectors.entries())
        f.store("v128", results, sums[index]![lane]!, 4 * (member * resultFloats(shape) + at));
  }
}

/** Joins the tiles of all query heads of a key head: o = Σ e^(m_t - m) o_t / l and lse = m + ln l; without keys 0 and -Infinity. */
function emitJoin(
  here: AttentionTile,
  splits: number,
  { results, output, logSumExp }: { readonly results: Address; readonly output: Address; readonly logSumExp: Address },
): void {
  const { f, shape } = here;
  const tileBytes = 4 * shape.group * resultFloats(shape);
  f.for(0, shape.group, 1, (member) => {
    const own = f.keep(address.at(results, member, 4 * resultFloats(shape)));
    const forTiles = (body: (at: Address) => void): void => {
      const at = f.keep(own);
      f.repeat(splits, () => {
        body(at);
        f.increment(at, tileBytes);
      });
    };
    const largest = f.keep(f32.constant(Number.NEGATIVE_INFINITY));
    forTiles((at) =>
      f.if(f32.ne(load("f32", at, 4 * shape.size + 4), 0), () =>
        f.set(largest, f32.max(largest, load("f32", at, 4 * shape.size))),
      ),
    );
    const target = f.keep(queryAddress(here, output, i32.constant(0), member));
    f.fillBytes(target, 0, address.constant(4 * shape.size));
    const total = f.keep(f32.constant(0));
    forTiles((at) =>
      f.if(f32.ne(load("f32", at, 4 * shape.size + 4), 0), () => {
        const factor = f.keep(vectorExpNormal(f, f32x4.splat(f32.sub(load("f32", at, 4 * shape.size), largest))));
        f.set(total, f32.add(total, f32.mul(f32x4.extract(factor, 0), load("f32", at, 4 * shape.size + 4))));
        forVectors(f, shape.size, (part) => part.store(target, f32x4.madd(part.load(at), factor, part.load(target))));
      }),
    );
    f.if(f32.ne(total, 0), () => {
      const scale = f.keep(f32x4.splat(f32.div(1, total)));
      forVectors(f, shape.size, (part) => part.store(target, f32x4.mul(part.load(target), scale)));
    });
    const log = f32x4.extract(vectorLog(f, f.keep(f32x4.splat(total))), 0);
    f.store("f32", logSumAddress(here, logSumExp, i32.constant(0), member), f32.add(largest, log));
  });
}
