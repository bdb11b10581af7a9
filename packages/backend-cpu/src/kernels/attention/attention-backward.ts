// Attention backward from the saved log-sum-exp; one tile works on all queries of a head of the keys, so every sum has one order.
//   p = e^(x - lse);  dv_s = Σ_t p do;  ds = p (do·v - δ), δ = do·o;  dq = Σ_s ds scale k_s;  dk_s = Σ_t ds scale q
// Dao, FlashAttention-2, arXiv 2307.08691, algorithm 2.
import type { KernelDef } from "@attune/tensor-core";
import {
  address,
  type FunctionBuilder,
  f32x4,
  i32,
  type Local,
  load,
  type ModuleBuilder,
  select,
  v128,
  type WasmFunction,
} from "@attune/tensor-core/wasm";
import { forVectors, kernelFunction } from "../kernel-function.ts";
import { sumLanes, vectorExp } from "../vector-math.ts";
import {
  atMost,
  type BlockProduct,
  blockProduct,
  type ExtraAddresses,
  extraAddresses,
  forBlockRows,
  keyAddress,
  logSumAddress,
  type Place,
  packKeys,
  packRows,
  packTransposed,
  queryAddress,
  scratchParts,
} from "./attention-block.ts";
import { type AttentionShape, attentionShape, shapeKey } from "./attention-shape.ts";
import {
  type BlockSpan,
  blockSpan,
  forKeyVectors,
  hiddenScore,
  hideScores,
  keyLimit,
  keyPairs,
  rowSight,
} from "./attention-sight.ts";

type Address = Local<"address">;
type Index = Local<"i32">;

export const attentionBackwardKernel: KernelDef = {
  kind: "kernel",
  specificationVersion: 1,
  id: "cpu.attentionBackward",
  op: "attentionBackward",
  backend: "cpu",
  accepts: (signature, capabilities) => (attentionShape(signature, 6, capabilities) ? 1 : undefined),
  lower(signature, capabilities) {
    const shape = attentionShape(signature, 6, capabilities)!;
    return {
      backend: "cpu",
      key: `attentionBackward|${shapeKey(shape)}`,
      tiles: shape.batch * shape.keyHeads,
      scratchBytes: scratchOf(shape).bytes,
      emit: (module) => emitBackward(module, shape, signature.inputs.length),
    };
  },
};

function scratchOf({ blockRows, blockKeys, size, group, queries }: AttentionShape) {
  const keyRows = Math.ceil(blockKeys / 4) * 4;
  return scratchParts({
    queries: blockRows * size,
    cotangents: blockRows * size,
    keys: size * blockKeys,
    values: size * blockKeys,
    keyRows: keyRows * size,
    weights: blockRows * blockKeys,
    slopes: blockRows * blockKeys,
    dKeys: keyRows * size,
    dValues: keyRows * size,
    dQueries: blockRows * size,
    deltas: group * queries,
  });
}

type Parts = Record<keyof ReturnType<typeof scratchOf>["offsets"], Address>;

interface Pass {
  readonly f: FunctionBuilder;
  readonly module: ModuleBuilder;
  readonly shape: AttentionShape;
  readonly place: Place;
  readonly extras: ExtraAddresses;
  readonly bindings: readonly Address[];
  readonly parts: Parts;
  readonly limit: Index;
}

function emitBackward(module: ModuleBuilder, shape: AttentionShape, inputs: number): FunctionBuilder {
  return kernelFunction(module, "attentionBackward", inputs + 3, (f, { bindings, tile, scratch }) => {
    const { offsets } = scratchOf(shape);
    const parts = Object.fromEntries(
      Object.entries(offsets).map(([name, offset]) => [name, f.keep(address.add(scratch, offset))]),
    ) as Parts;
    const place = { batch: f.keep(i32.divU(tile, shape.keyHeads)), keyHead: f.keep(i32.remU(tile, shape.keyHeads)) };
    const extras = extraAddresses(shape, bindings, 6);
    const limit = keyLimit(f, shape, place, extras);
    const pass: Pass = { f, module, shape, place, extras, bindings, parts, limit };
    const [dq, dk, dv] = bindings.slice(inputs) as [Address, Address, Address];
    emitDeltas(pass, dq);
    f.for(0, shape.keys, shape.blockKeys, (firstKey) => {
      const keyCount = atMost(f, i32.sub(i32.constant(shape.keys), firstKey), i32.constant(shape.blockKeys));
      for (const sum of [parts.dKeys, parts.dValues])
        f.fillBytes(sum, 0, address.constant(shape.blockKeys * shape.size * 4));
      packTransposed(f, shape, place, firstKey, keyCount, bindings[1]!, parts.keys);
      packTransposed(f, shape, place, firstKey, keyCount, bindings[2]!, parts.values);
      packKeys(f, shape, place, firstKey, keyCount, bindings[1]!, parts.keyRows);
      const firstBlock = causalStart(pass, firstKey);
      f.for(firstBlock, shape.queries, shape.blockQueries, (firstQuery) => {
        f.block((skip) => {
          emitBlock(pass, blockSpan(f, shape, place, extras, { firstQuery, firstKey, keyCount, limit }, skip), dq);
        });
      });
      storeKeys(pass, firstKey, keyCount, parts.dKeys, dk);
      storeKeys(pass, firstKey, keyCount, parts.dValues, dv);
    });
  });
}

/** δ of every query, and dq = 0. */
function emitDeltas({ f, shape, place, bindings, parts }: Pass, dq: Address): void {
  f.for(0, shape.group, 1, (member) => {
    f.for(0, shape.queries, 1, (query) => {
      const [o, cotangent, target] = [bindings[3]!, bindings[5]!, dq].map((base) =>
        f.keep(queryAddress(base, shape, place, query, member)),
      ) as [Address, Address, Address];
      const sum = f.keep(f32x4.constant(0));
      forVectors(f, shape.size, (offset, constantOffset) => {
        const left = load("v128", address.add(o, offset), constantOffset);
        f.set(sum, f32x4.madd(left, load("v128", address.add(cotangent, offset), constantOffset), sum));
        f.store("v128", address.add(target, offset), f32x4.constant(0), constantOffset);
      });
      const index = i32.add(i32.mul(member, shape.queries), query);
      f.store("f32", address.at(parts.deltas, index, 4), sumLanes(f, sum));
    });
  });
}

/** The first query of the first block that may see the key, where order alone decides. */
function causalStart({ f, shape, extras }: Pass, firstKey: Index): Index {
  if (!shape.causal || extras.queryPositions || extras.keyPositions) return f.keep(i32.constant(0));
  const query = f.keep(i32.sub(firstKey, shape.keys - shape.queries));
  const block = f.keep(i32.mul(i32.divS(query, shape.blockQueries), shape.blockQueries));
  return f.keep(select(i32.gtS(block, 0), block, i32.constant(0)));
}

/** One block of queries against one block of keys. */
function emitBlock(pass: Pass, span: BlockSpan, dq: Address): void {
  // Rows that are no query are 0 in both packed operands, so sums over all rows of a block are sums over its queries.
  const { f, module, shape, place, bindings, parts } = pass;
  const { firstQuery, keyCount } = span;
  const { size, blockKeys, blockRows } = shape;
  packRows(f, shape, place, firstQuery, bindings[0]!, parts.queries, shape.scale);
  packRows(f, shape, place, firstQuery, bindings[5]!, parts.cotangents, 1);
  const square: Pick<BlockProduct, "rows" | "columns" | "rowOfA" | "stepOfA" | "stepOfB" | "rowOfC" | "k" | "first"> = {
    rows: blockRows,
    columns: blockKeys,
    rowOfA: size * 4,
    stepOfA: 4,
    stepOfB: blockKeys * 4,
    rowOfC: blockKeys * 4,
    k: i32.constant(size),
    first: true,
  };
  blockProduct(f, module, shape, { ...square, a: parts.queries, b: parts.keys, c: parts.weights });
  blockProduct(f, module, shape, { ...square, a: parts.cotangents, b: parts.values, c: parts.slopes });
  f.fillBytes(parts.dQueries, 0, address.constant(blockRows * size * 4));
  const pairs = keyPairs(f, span);
  forBlockRows(f, shape, firstQuery, (row, query, member) => emitSlopes(pass, row, query, member, span, pairs));
  const transposed = {
    rows: blockKeys,
    columns: size,
    rowOfA: 4,
    stepOfA: blockKeys * 4,
    stepOfB: size * 4,
    rowOfC: size * 4,
    first: false,
  };
  blockProduct(f, module, shape, {
    ...transposed,
    a: parts.weights,
    b: parts.cotangents,
    c: parts.dValues,
    k: i32.constant(blockRows),
  });
  blockProduct(f, module, shape, {
    ...transposed,
    a: parts.slopes,
    b: parts.queries,
    c: parts.dKeys,
    k: i32.constant(blockRows),
  });
  blockProduct(f, module, shape, {
    rows: blockRows,
    columns: size,
    a: parts.slopes,
    rowOfA: blockKeys * 4,
    stepOfA: 4,
    b: parts.keyRows,
    stepOfB: size * 4,
    c: parts.dQueries,
    rowOfC: size * 4,
    k: keyCount,
    first: true,
  });
  const scale = f.hoisted(f32x4.constant(shape.scale));
  forBlockRows(f, shape, firstQuery, (row, query, member) => {
    const from = f.keep(address.at(parts.dQueries, row, size * 4));
    const to = f.keep(queryAddress(dq, shape, place, query, member));
    forVectors(f, size, (offset, constantOffset) => {
      const target = f.keep(address.add(to, offset));
      const made = load("v128", address.add(from, offset), constantOffset);
      f.store("v128", target, f32x4.madd(made, scale, load("v128", target, constantOffset)), constantOffset);
    });
  });
}

/** p and ds of one row, over its scores and do·v. */
function emitSlopes(pass: Pass, row: Index, query: Index, member: Index, span: BlockSpan, pairs: Index): void {
  const { f, module, shape, place, extras, bindings, parts, limit } = pass;
  const bytes = shape.blockKeys * 4;
  const line = f.keep(address.at(parts.weights, row, bytes));
  hideScores(f, span, pairs, line, () => rowSight(f, shape, place, extras, query, limit));
  const lse = load("f32", logSumAddress(bindings[4]!, shape, place, query, member));
  const delta = load("f32", address.at(parts.deltas, i32.add(i32.mul(member, shape.queries), query), 4));
  f.call(slopeRow(module), line, address.at(parts.slopes, row, bytes), pairs, lse, delta);
}

/** `(scores, do·v, pairs of vectors, lse, δ)`: scores become weights p, and do·v becomes ds; both 0 where the key is hidden. */
function slopeRow(module: ModuleBuilder): WasmFunction<SlopeRowParameters, never> {
  return module.once("slopeRow", () => {
    const made = module.function(
      { name: "slopeRow", parameters: ["address", "address", "i32", "f32", "f32"] },
      (f, weights, slopes, pairs, lse, delta) => {
        const [level, shift] = [f.keep(f32x4.splat(lse)), f.keep(f32x4.splat(delta))];
        const hidden = f.hoisted(f32x4.constant(hiddenScore));
        forKeyVectors(f, pairs, (offset, constantOffset) => {
          const weightAt = f.keep(address.add(weights, offset));
          const slopeAt = f.keep(address.add(slopes, offset));
          const score = f.keep(load("v128", weightAt, constantOffset));
          const unseen = f.keep(f32x4.eq(score, hidden));
          const weight = f.keep(v128.andNot(vectorExp(f, f32x4.sub(score, level)), unseen));
          const slope = f32x4.mul(weight, f32x4.sub(load("v128", slopeAt, constantOffset), shift));
          f.store("v128", weightAt, weight, constantOffset);
          f.store("v128", slopeAt, v128.andNot(slope, unseen), constantOffset);
        });
      },
    );
    return made as WasmFunction<SlopeRowParameters, never>;
  });
}

type SlopeRowParameters = readonly ["address", "address", "i32", "f32", "f32"];

function storeKeys(
  { f, shape, place }: Pass,
  firstKey: Index,
  keyCount: Index,
  source: Address,
  target: Address,
): void {
  f.for(0, keyCount, 1, (key) => {
    const from = f.keep(address.at(source, key, shape.size * 4));
    const to = f.keep(keyAddress(target, shape, place, i32.add(firstKey, key)));
    forVectors(f, shape.size, (offset, constantOffset) => {
      f.store("v128", address.add(to, offset), load("v128", address.add(from, offset), constantOffset), constantOffset);
    });
  });
}
