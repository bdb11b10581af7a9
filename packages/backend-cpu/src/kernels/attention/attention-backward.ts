// Attention backward from the saved log-sum-exp. One tile works on all queries of one head; where heads share keys, the gradients of
// keys are added up head by head after all are done, so every sum has one order.
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
  near,
  select,
  type Value,
  v128,
  type WasmFunction,
} from "@attune/tensor-core/wasm";
import { forVectors } from "../for-vectors.ts";
import { forRowsOfTile, kernelFunction, rowTiles } from "../kernel-function.ts";
import { sumLanes, vectorExpNormal } from "../vector-math.ts";
import {
  atMost,
  type BlockProduct,
  blockProduct,
  clear,
  extraAddresses,
  forBlockRows,
  type KeyBlock,
  logSumAddress,
  packKeys,
  packRows,
  packTransposed,
  partAddresses,
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
  type MaskedTile,
  rowSight,
} from "./attention-sight.ts";

type Address = Local<"address">;
type Near = Local<"near">;
type Index = Local<"i32">;

export const attentionBackwardKernel: KernelDef = {
  kind: "kernel",
  specificationVersion: 1,
  id: "cpu.attentionBackward",
  op: "attentionBackward",
  backend: "cpu",
  accepts: (signature, capabilities) => (attentionShape(signature, 6, capabilities) ? 1 : undefined),
  lower(signature, capabilities) {
    const whole = attentionShape(signature, 6, capabilities)!;
    const shape = oneHead(whole);
    const { batch, heads, keys, size } = whole;
    const sums = whole.group === 1 ? 0 : rowTiles(batch * keys, 2 * heads * size);
    return {
      backend: "cpu",
      key: `attentionBackward|${shapeKey(whole)}`,
      tiles: batch * heads + sums,
      ...(sums > 0 ? { phases: [batch * heads] } : {}),
      scratchBytes: 0,
      nearBytes: scratchOf(shape).bytes,
      sharedBytes: sums > 0 ? 2 * keyBytes(whole) : 0,
      emit: (module) => emitBackward(module, whole, shape, signature.inputs.length),
    };
  },
};

/** The shape with a block of queries of one head. */
function oneHead(shape: AttentionShape): AttentionShape {
  const blockQueries = Math.min(shape.queries, 64);
  return { ...shape, group: 1, blockQueries, blockRows: Math.ceil(blockQueries / 4) * 4 };
}

/** Bytes of the gradients of all keys if every query head had its own. */
const keyBytes = ({ batch, keys, heads, size }: AttentionShape): number => 4 * batch * keys * heads * size;

function scratchOf({ blockRows, blockQueries, blockKeys, size, queries }: AttentionShape) {
  const keyRows = Math.ceil(blockKeys / 4) * 4;
  const rows = Math.ceil(queries / blockQueries) * blockRows;
  return scratchParts({
    queries: rows * size,
    cotangents: rows * size,
    dQueries: rows * size,
    deltas: rows,
    keys: size * blockKeys,
    values: size * blockKeys,
    keyRows: keyRows * size,
    weights: blockRows * blockKeys,
    slopes: blockRows * blockKeys,
    dKeys: keyRows * size,
    dValues: keyRows * size,
  });
}

type Parts = Readonly<Record<keyof ReturnType<typeof scratchOf>["offsets"], Near>>;

interface Pass extends MaskedTile {
  readonly bindings: readonly Address[];
  readonly parts: Parts;
}

/** Gradients of keys and values: where they go, and the heads that they are laid out for. */
interface KeyGradients {
  readonly dk: Address;
  readonly dv: Address;
  readonly heads: number;
  readonly head: Index;
}

function emitBackward(
  module: ModuleBuilder,
  whole: AttentionShape,
  shape: AttentionShape,
  inputs: number,
): FunctionBuilder {
  return kernelFunction(module, "attentionBackward", inputs + 3, (f, { bindings, tile, near: scratch, shared }) => {
    const { batch, heads, keyHeads, group } = whole;
    const [dq, dk, dv] = bindings.slice(inputs) as [Address, Address, Address];
    const sharedDv = f.keep(address.add(shared, keyBytes(whole)));
    const oneTile = (): void => {
      const parts = partAddresses(f, scratch, scratchOf(shape).offsets);
      const head = f.keep(i32.remU(tile, heads));
      const place = { batch: f.keep(i32.divU(tile, heads)), keyHead: f.keep(i32.divU(head, group)), head };
      const extras = extraAddresses(shape, bindings, 6);
      const limit = keyLimit({ f, module, shape, place }, extras);
      const pass: Pass = { f, module, shape, place, extras, bindings, parts, limit };
      const alone = group === 1;
      emitHead(pass, dq, {
        dk: alone ? dk : shared,
        dv: alone ? dv : sharedDv,
        heads: alone ? keyHeads : heads,
        head: alone ? place.keyHead : head,
      });
    };
    if (group === 1) {
      oneTile();
      return;
    }
    f.if(i32.ltU(tile, batch * heads), oneTile, () => {
      f.increment(tile, -batch * heads);
      sumHeads(f, whole, tile, shared, dk);
      sumHeads(f, whole, tile, sharedDv, dv);
    });
  });
}

/** All queries of one head against all keys. */
function emitHead(pass: Pass, dq: Address, gradients: KeyGradients): void {
  const { f, shape, bindings, parts } = pass;
  const { blockQueries, blockKeys, queries, keys, size } = shape;
  f.for(0, queries, blockQueries, (firstQuery) => {
    const at = (part: Near): Near => f.keep(near.at(part, firstQuery, 4 * size));
    packRows(pass, firstQuery, bindings[0]!, at(parts.queries), shape.scale);
    packRows(pass, firstQuery, bindings[5]!, at(parts.cotangents), 1);
  });
  clear(f, parts.dQueries, Math.ceil(queries / blockQueries) * shape.blockRows * size);
  emitDeltas(pass);
  f.for(0, keys, blockKeys, (firstKey) => {
    const block = { firstKey, keyCount: atMost(f, i32.sub(i32.constant(keys), firstKey), i32.constant(blockKeys)) };
    for (const sum of [parts.dKeys, parts.dValues]) clear(f, sum, blockKeys * size);
    packTransposed(pass, block, bindings[1]!, parts.keys);
    packTransposed(pass, block, bindings[2]!, parts.values);
    packKeys(pass, block, bindings[1]!, parts.keyRows);
    f.for(causalStart(pass, firstKey), queries, blockQueries, (firstQuery) => {
      f.block((skip) => emitBlock(pass, blockSpan(pass, { ...block, firstQuery }, skip)));
    });
    storeKeys(pass, block, parts.dKeys, gradients.dk, gradients);
    storeKeys(pass, block, parts.dValues, gradients.dv, gradients);
  });
  const scale = f.hoisted(f32x4.constant(shape.scale));
  f.for(0, queries, 1, (query) => {
    const from = f.keep(near.at(parts.dQueries, query, size * 4));
    const to = f.keep(queryAddress(pass, dq, query, i32.constant(0)));
    forVectors(f, size, (at) => at.store(to, f32x4.mul(at.load(from), scale)));
  });
}

/** δ of every query. */
function emitDeltas(pass: Pass): void {
  const { f, shape, bindings, parts } = pass;
  f.for(0, shape.queries, 1, (query) => {
    const o = f.keep(queryAddress(pass, bindings[3]!, query, i32.constant(0)));
    const cotangent = f.keep(near.at(parts.cotangents, query, shape.size * 4));
    const sum = f.keep(f32x4.constant(0));
    forVectors(f, shape.size, (at) => f.set(sum, f32x4.madd(at.load(o), at.load(cotangent), sum)));
    f.store("f32", near.at(parts.deltas, query, 4), sumLanes(f, sum));
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
function emitBlock(pass: Pass, span: BlockSpan): void {
  // Rows that are no query are 0 in both packed operands, so sums over all rows of a block are sums over its queries.
  const { f, shape, parts } = pass;
  const { size, blockKeys, blockRows } = shape;
  const at = (part: Near): Near => f.keep(near.at(part, span.firstQuery, 4 * size));
  const [queries, cotangents, dQueries] = [at(parts.queries), at(parts.cotangents), at(parts.dQueries)];
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
  blockProduct(pass, { ...square, a: queries, b: parts.keys, c: parts.weights });
  blockProduct(pass, { ...square, a: cotangents, b: parts.values, c: parts.slopes });
  const pairs = keyPairs(f, span);
  forBlockRows(pass, span.firstQuery, (row, query) => emitSlopes(pass, row, query, span, pairs));
  const transposed = {
    rows: blockKeys,
    columns: size,
    rowOfA: 4,
    stepOfA: blockKeys * 4,
    stepOfB: size * 4,
    rowOfC: size * 4,
    k: i32.constant(blockRows),
    first: false,
  };
  blockProduct(pass, { ...transposed, a: parts.weights, b: cotangents, c: parts.dValues });
  blockProduct(pass, { ...transposed, a: parts.slopes, b: queries, c: parts.dKeys });
  blockProduct(pass, {
    rows: blockRows,
    columns: size,
    a: parts.slopes,
    rowOfA: blockKeys * 4,
    stepOfA: 4,
    b: parts.keyRows,
    stepOfB: size * 4,
    c: dQueries,
    rowOfC: size * 4,
    k: span.keyCount,
    first: false,
  });
}

/** p and ds of one row, over its scores and do·v. */
function emitSlopes(pass: Pass, row: Index, query: Index, span: BlockSpan, pairs: Index): void {
  const { f, module, shape, bindings, parts } = pass;
  const bytes = shape.blockKeys * 4;
  const line = f.keep(near.at(parts.weights, row, bytes));
  f.if(i32.eqz(span.allVisible), () => hideScores(f, span, pairs, line, rowSight(pass, query)));
  const lse = load("f32", logSumAddress(pass, bindings[4]!, query, i32.constant(0)));
  const delta = load("f32", near.at(parts.deltas, query, 4));
  f.call(slopeRow(module), line, near.at(parts.slopes, row, bytes), pairs, lse, delta);
}

/** `(scores, do·v, pairs of vectors, lse, δ)`: scores become weights p, and do·v becomes ds; both 0 where the key is hidden. */
function slopeRow(module: ModuleBuilder): WasmFunction<SlopeRowParameters, never> {
  return module.once("slopeRow", () => {
    const made = module.function(
      { name: "slopeRow", parameters: ["near", "near", "i32", "f32", "f32"] },
      (f, weights, slopes, pairs, lse, delta) => {
        const [level, shift] = [f.keep(f32x4.splat(lse)), f.keep(f32x4.splat(delta))];
        const hidden = f.hoisted(f32x4.constant(hiddenScore));
        forKeyVectors(f, pairs, (at) => {
          const score = at.load(weights);
          const unseen = f.keep(f32x4.eq(score, hidden));
          const weight = f.keep(v128.andNot(vectorExpNormal(f, f32x4.sub(score, level)), unseen));
          const slope = f32x4.mul(weight, f32x4.sub(at.load(slopes), shift));
          at.store(weights, weight);
          at.store(slopes, v128.andNot(slope, unseen));
        });
      },
    );
    return made as WasmFunction<SlopeRowParameters, never>;
  });
}

type SlopeRowParameters = readonly ["near", "near", "i32", "f32", "f32"];

function storeKeys(
  { f, shape, place }: Pass,
  { firstKey, keyCount }: KeyBlock,
  source: Near,
  target: Address,
  { heads, head }: KeyGradients,
): void {
  f.for(0, keyCount, 1, (key) => {
    const from = f.keep(near.at(source, key, shape.size * 4));
    const row = i32.add(i32.mul(place.batch, shape.keys), i32.add(firstKey, key));
    const to = f.keep(address.at(target, i32.add(i32.mul(row, heads), head), shape.size * 4));
    forVectors(f, shape.size, (at) => at.store(to, at.load(from)));
  });
}

/** Adds up what the query heads of each key head left, in their order. */
function sumHeads(
  f: FunctionBuilder,
  { batch, keys, keyHeads, heads, group, size }: AttentionShape,
  tile: Index,
  source: Address,
  target: Address,
): void {
  const body = (row: Index): void => {
    const from = f.keep(address.at(source, row, 4 * heads * size));
    const to = f.keep(address.at(target, row, 4 * keyHeads * size));
    f.repeat(keyHeads, () => {
      forVectors(f, size, (at) => {
        const members = Array.from({ length: group }, (_, member) => at.load(from, 4 * member * size));
        at.store(
          to,
          members.reduce<Value<"v128">>(
            (sum, member, index) => (index === 0 ? member : f32x4.add(sum, member)),
            members[0]!,
          ),
        );
      });
      f.increment(from, 4 * group * size);
      f.increment(to, 4 * size);
    });
  };
  forRowsOfTile(f, tile, batch * keys, 2 * heads * size, body);
}
