// Attention forward with online softmax: for a block of query rows, blocks of keys one after the other.
//   m' = max(m, max_s x_s);  l' = l e^(m - m') + Σ_s e^(x_s - m');  o' = o e^(m - m') + Σ_s e^(x_s - m') v_s;  lse = m + ln l
// Dao, FlashAttention-2, arXiv 2307.08691, algorithm 1. No more than a block of scores ever exists.
import type { KernelDef } from "@attune/tensor-core";
import {
  type FunctionBuilder,
  f32,
  f32x4,
  i32,
  type Local,
  load,
  type ModuleBuilder,
  near,
  select,
} from "@attune/tensor-core/wasm";
import { forVectors } from "../for-vectors.ts";
import { kernelFunction } from "../kernel-function.ts";
import { vectorLog } from "../vector-math.ts";
import {
  type AttentionTile,
  blockProduct,
  clear,
  extraAddresses,
  forBlockRows,
  logSumAddress,
  packKeys,
  packRows,
  packTransposed,
  partAddresses,
  queryAddress,
  scratchParts,
} from "./attention-block.ts";
import { type AttentionShape, attentionShape, queryBlocks, shapeKey } from "./attention-shape.ts";
import {
  forKeyBlocks,
  hiddenScore,
  hideScores,
  keyLimit,
  keyPairs,
  type MaskedTile,
  rowSight,
} from "./attention-sight.ts";
import { softmaxBlock } from "./attention-softmax.ts";

type Address = Local<"address">;
type Near = Local<"near">;
type Index = Local<"i32">;

export const attentionKernel: KernelDef = {
  kind: "kernel",
  specificationVersion: 1,
  id: "cpu.attention",
  op: "attention",
  backend: "cpu",
  accepts: (signature, capabilities) => (attentionShape(signature, 3, capabilities) ? 1 : undefined),
  lower(signature, capabilities) {
    const shape = attentionShape(signature, 3, capabilities)!;
    const parts = scratchOf(shape);
    return {
      backend: "cpu",
      key: `attention|${shapeKey(shape)}`,
      tiles: shape.batch * shape.keyHeads * queryBlocks(shape),
      scratchBytes: 0,
      nearBytes: parts.bytes,
      emit: (module) => emitForward(module, shape, signature.inputs.length),
    };
  },
};

function scratchOf({ blockRows, blockKeys, size }: AttentionShape) {
  return scratchParts({
    queries: blockRows * size,
    keys: size * blockKeys,
    values: size * blockKeys,
    scores: blockRows * blockKeys,
    sums: blockRows * size,
    // Of each row the largest score so far (m), Σ e^(score - m) so far (l), and by what a block changes them, e^(m - m').
    largest: blockRows,
    total: blockRows,
    decay: blockRows,
  });
}

type Parts = Readonly<Record<keyof ReturnType<typeof scratchOf>["offsets"], Near>>;

function emitForward(module: ModuleBuilder, shape: AttentionShape, inputs: number): FunctionBuilder {
  return kernelFunction(module, "attention", inputs + 2, (f, { bindings, tile, near: scratch }) => {
    const [q, k, v] = bindings as [Address, Address, Address];
    const extras = extraAddresses(shape, bindings, 3);
    const parts = partAddresses(f, scratch, scratchOf(shape).offsets);
    const blocks = queryBlocks(shape);
    const outer = f.keep(i32.divU(tile, blocks));
    const firstQuery = f.keep(i32.mul(i32.remU(tile, blocks), shape.blockQueries));
    const keyHead = f.keep(i32.remU(outer, shape.keyHeads));
    const batch = f.keep(i32.divU(outer, shape.keyHeads));
    const place = { batch, keyHead, head: f.keep(i32.mul(keyHead, shape.group)) };
    const limit = keyLimit({ f, module, shape, place }, extras);
    const here: MaskedTile = { f, module, shape, place, extras, limit };

    packRows(here, firstQuery, q, parts.queries, shape.scale);
    clear(f, parts.sums, shape.blockRows * shape.size);
    f.for(0, shape.blockRows, 1, (row) => {
      f.store("f32", near.at(parts.largest, row, 4), hiddenScore);
      f.store("f32", near.at(parts.total, row, 4), 0);
    });
    forKeyBlocks(here, firstQuery, (span) => {
      packTransposed(here, span, k, parts.keys);
      packKeys(here, span, v, parts.values);
      emitScores(here, parts);
      const pairs = keyPairs(f, span);
      f.if(i32.eqz(span.allVisible), () =>
        forBlockRows(here, firstQuery, (row, query) => {
          const line = f.keep(near.at(parts.scores, row, shape.blockKeys * 4));
          hideScores(f, span, pairs, line, rowSight(here, query));
        }),
      );
      emitSums(here, parts, span.keyCount, pairs);
    });
    emitOutputs(here, firstQuery, bindings[inputs]!, bindings[inputs + 1]!, parts);
  });
}

/** x = q k^T for the block's rows and keys; q is scaled already. */
function emitScores(tile: AttentionTile, parts: Parts): void {
  const { blockRows, blockKeys, size } = tile.shape;
  blockProduct(tile, {
    rows: blockRows,
    columns: blockKeys,
    a: parts.queries,
    rowOfA: size * 4,
    stepOfA: 4,
    b: parts.keys,
    stepOfB: blockKeys * 4,
    c: parts.scores,
    rowOfC: blockKeys * 4,
    k: i32.constant(size),
    first: true,
  });
}

/** m', l' and o' of a block of keys from its scores. */
function emitSums(
  tile: AttentionTile,
  { scores, largest, total, decay, values, sums }: Parts,
  keyCount: Index,
  pairs: Index,
): void {
  const { blockRows, blockKeys, size } = tile.shape;
  const softmax = softmaxBlock(tile.module, { rows: blockRows, blockKeys, size });
  tile.f.call(softmax, scores, pairs, largest, total, decay, sums);
  blockProduct(tile, {
    rows: blockRows,
    columns: size,
    a: scores,
    rowOfA: blockKeys * 4,
    stepOfA: 4,
    b: values,
    stepOfB: size * 4,
    c: sums,
    rowOfC: size * 4,
    k: keyCount,
    first: false,
  });
}

/** o = sums / l and lse = m + ln l; a row that sees nothing gives 0 and -Infinity. */
function emitOutputs(
  tile: AttentionTile,
  firstQuery: Index,
  output: Address,
  logSumExp: Address,
  { sums, largest, total }: Parts,
): void {
  const { f, shape } = tile;
  forBlockRows(tile, firstQuery, (row, query, member) => {
    const sum = f.keep(load("f32", near.at(total, row, 4)));
    const factor = f.keep(f32x4.splat(select(f32.eq(sum, 0), f32.constant(0), f32.div(1, sum))));
    const from = f.keep(near.at(sums, row, shape.size * 4));
    const to = f.keep(queryAddress(tile, output, query, member));
    forVectors(f, shape.size, (at) => at.store(to, f32x4.mul(at.load(from), factor)));
    const log = f32x4.extract(vectorLog(f, f.keep(f32x4.splat(sum))), 0);
    f.store("f32", logSumAddress(tile, logSumExp, query, member), f32.add(load("f32", near.at(largest, row, 4)), log));
  });
}
