// Attention forward with online softmax: for a block of query rows, blocks of keys one after the other.
//   m' = max(m, max_s x_s);  l' = l e^(m - m') + Σ_s e^(x_s - m');  o' = o e^(m - m') + Σ_s e^(x_s - m') v_s;  lse = m + ln l
// Dao, FlashAttention-2, arXiv 2307.08691, algorithm 1. No more than a block of scores ever exists.
import type { KernelDef } from "@attune/tensor-core";
import {
  address,
  type FunctionBuilder,
  f32,
  f32x4,
  i32,
  type Local,
  load,
  type ModuleBuilder,
  select,
  v128,
} from "@attune/tensor-core/wasm";
import { forVectors, kernelFunction } from "../kernel-function.ts";
import { largestLane, sumLanes, vectorExp, vectorLog } from "../vector-math.ts";
import {
  blockProduct,
  type ExtraAddresses,
  extraAddresses,
  forBlockRows,
  forKeyBlocks,
  forKeyVectors,
  hiddenScore,
  keyAddress,
  keyLimit,
  logSumAddress,
  type Place,
  packRows,
  packTransposed,
  queryAddress,
  rowSight,
  scratchParts,
} from "./attention-block.ts";
import { type AttentionShape, attentionShape, queryBlocks, shapeKey } from "./attention-shape.ts";

type Address = Local<"address">;
type Index = Local<"i32">;

export const attentionKernel: KernelDef = {
  kind: "kernel",
  specificationVersion: 1,
  id: "cpu.attention",
  op: "attention",
  backend: "cpu",
  accepts: (signature) => (attentionShape(signature, 3) ? 1 : undefined),
  lower(signature) {
    const shape = attentionShape(signature, 3)!;
    const parts = scratchOf(shape);
    return {
      backend: "cpu",
      key: `attention|${shapeKey(shape)}`,
      tiles: shape.batch * shape.keyHeads * queryBlocks(shape),
      scratchBytes: parts.bytes,
      emit: (module) => emitForward(module, shape, signature.inputs.length),
    };
  },
};

function scratchOf({ blockRows, blockKeys, size }: AttentionShape) {
  return scratchParts({
    queries: blockRows * size,
    keys: size * blockKeys,
    scores: blockRows * blockKeys,
    sums: blockRows * size,
    largest: blockRows,
    total: blockRows,
  });
}

function emitForward(module: ModuleBuilder, shape: AttentionShape, inputs: number): FunctionBuilder {
  return kernelFunction(module, "attention", inputs + 2, (f, { bindings, tile, scratch }) => {
    const [q, k, v] = bindings as [Address, Address, Address];
    const extras = extraAddresses(shape, bindings, 3);
    const { offsets } = scratchOf(shape);
    const at = (name: keyof typeof offsets): Address => f.keep(address.add(scratch, offsets[name]));
    const [queries, keys, scores, sums] = [at("queries"), at("keys"), at("scores"), at("sums")];
    const state = { largest: at("largest"), total: at("total") };
    const blocks = queryBlocks(shape);
    const outer = f.keep(i32.divU(tile, blocks));
    const firstQuery = f.keep(i32.mul(i32.remU(tile, blocks), shape.blockQueries));
    const place = { batch: f.keep(i32.divU(outer, shape.keyHeads)), keyHead: f.keep(i32.remU(outer, shape.keyHeads)) };
    const limit = keyLimit(f, shape, place, extras);

    packRows(f, shape, place, firstQuery, q, queries, shape.scale);
    f.fillBytes(sums, 0, address.constant(shape.blockRows * shape.size * 4));
    f.for(0, shape.blockRows, 1, (row) => {
      f.store("f32", address.at(state.largest, row, 4), hiddenScore);
      f.store("f32", address.at(state.total, row, 4), 0);
    });
    forKeyBlocks(f, shape, place, extras, firstQuery, limit, (firstKey, keyCount) => {
      packTransposed(f, shape, place, firstKey, keyCount, k, keys);
      blockProduct(f, module, {
        rows: shape.blockRows,
        columns: shape.blockKeys,
        a: queries,
        rowOfA: shape.size * 4,
        stepOfA: 4,
        b: keys,
        stepOfB: shape.blockKeys * 4,
        c: scores,
        rowOfC: shape.blockKeys * 4,
        k: i32.constant(shape.size),
        first: true,
      });
      forBlockRows(f, shape, firstQuery, (row, query) => {
        emitSoftmaxRow(f, shape, place, extras, { row, query, firstKey, keyCount, limit, scores, sums, ...state });
      });
      blockProduct(f, module, {
        rows: shape.blockRows,
        columns: shape.size,
        a: scores,
        rowOfA: shape.blockKeys * 4,
        stepOfA: 4,
        b: keyAddress(v, shape, place, firstKey),
        stepOfB: shape.keyHeads * shape.size * 4,
        c: sums,
        rowOfC: shape.size * 4,
        k: keyCount,
        first: false,
      });
    });
    emitOutputs(f, shape, place, firstQuery, bindings[inputs]!, bindings[inputs + 1]!, sums, state);
  });
}

interface SoftmaxRow {
  readonly row: Index;
  readonly query: Index;
  readonly firstKey: Index;
  readonly keyCount: Index;
  readonly limit: Index;
  readonly scores: Address;
  readonly sums: Address;
  readonly largest: Address;
  readonly total: Address;
}

/** Scores of one row become weights e^(x - m'); the row's largest score, total and sums move on to m'. */
function emitSoftmaxRow(
  f: FunctionBuilder,
  shape: AttentionShape,
  place: Place,
  extras: ExtraAddresses,
  part: SoftmaxRow,
): void {
  const { row, query, firstKey, keyCount, limit } = part;
  const line = f.keep(address.at(part.scores, row, shape.blockKeys * 4));
  const sight = rowSight(f, shape, place, extras, query, limit);
  const hidden = f.hoisted(f32x4.constant(hiddenScore));
  const most = f.keep(f32x4.constant(hiddenScore));
  forKeyVectors(f, keyCount, (vector, bytes) => {
    const target = f.keep(address.add(line, bytes));
    const seen = f.keep(v128.bitselect(load("v128", target), hidden, sight.mask(firstKey, vector)));
    f.set(most, f32x4.max(most, seen));
    f.store("v128", target, seen);
  });
  const largestAt = f.keep(address.at(part.largest, row, 4));
  const totalAt = f.keep(address.at(part.total, row, 4));
  const before = f.keep(load("f32", largestAt));
  const now = f.keep(f32.max(before, largestLane(f, most)));
  const shift = f.keep(f32x4.splat(now));
  const total = f.keep(f32x4.constant(0));
  forKeyVectors(f, keyCount, (_, bytes) => {
    const target = f.keep(address.add(line, bytes));
    const score = f.keep(load("v128", target));
    const weight = f.keep(v128.andNot(vectorExp(f, f32x4.sub(score, shift)), f32x4.eq(score, hidden)));
    f.set(total, f32x4.add(total, weight));
    f.store("v128", target, weight);
  });
  const decay = f.keep(f32x4.extract(vectorExp(f, f.keep(f32x4.splat(f32.sub(before, now)))), 0));
  f.store("f32", largestAt, now);
  f.store("f32", totalAt, f32.add(f32.mul(load("f32", totalAt), decay), sumLanes(f, total)));
  f.if(f32.ne(decay, 1), () => {
    const factor = f.keep(f32x4.splat(decay));
    const sums = f.keep(address.at(part.sums, row, shape.size * 4));
    forVectors(f, shape.size, (offset, constantOffset) => {
      const target = f.keep(address.add(sums, offset));
      f.store("v128", target, f32x4.mul(load("v128", target, constantOffset), factor), constantOffset);
    });
  });
}

/** o = sums / l and lse = m + ln l; a row that sees nothing gives 0 and -Infinity. */
function emitOutputs(
  f: FunctionBuilder,
  shape: AttentionShape,
  place: Place,
  firstQuery: Index,
  output: Address,
  logSumExp: Address,
  sums: Address,
  { largest, total }: { readonly largest: Address; readonly total: Address },
): void {
  forBlockRows(f, shape, firstQuery, (row, query, member) => {
    const sum = f.keep(load("f32", address.at(total, row, 4)));
    const factor = f.keep(f32x4.splat(select(f32.eq(sum, 0), f32.constant(0), f32.div(1, sum))));
    const from = f.keep(address.at(sums, row, shape.size * 4));
    const to = f.keep(queryAddress(output, shape, place, query, member));
    forVectors(f, shape.size, (offset, constantOffset) => {
      const value = f32x4.mul(load("v128", address.add(from, offset), constantOffset), factor);
      f.store("v128", address.add(to, offset), value, constantOffset);
    });
    const log = f32x4.extract(vectorLog(f, f.keep(f32x4.splat(sum))), 0);
    f.store(
      "f32",
      logSumAddress(logSumExp, shape, place, query, member),
      f32.add(load("f32", address.at(largest, row, 4)), log),
    );
  });
}
