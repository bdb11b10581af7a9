// The softmax of attention's forward pass over a block of scores, three loops over its rows: the largest score so far, then what
// that changes, four rows at a time, then the weights. Rows do not wait for each other's chains of dependent operations this way.
import {
  type FunctionBuilder,
  f32,
  f32x4,
  type Local,
  load,
  type ModuleBuilder,
  near,
  type Value,
  v128,
  type WasmFunction,
} from "@attune/tensor-core/wasm";
import { forVectors } from "../for-vectors.ts";
import { largestLane, sumLanes, vectorExp, vectorExpNormal } from "../vector-math.ts";
import { forKeyVectors, hiddenScore } from "./attention-sight.ts";

type Near = Local<"near">;

/** Sizes of a block, in rows and in numbers; `rows` is a multiple of four. */
export interface SoftmaxBlock {
  readonly rows: number;
  readonly blockKeys: number;
  readonly size: number;
}

type Parameters = readonly ["near", "i32", "near", "near", "near", "near"];

/**
 * `(scores, pairs of vectors of a row, largest, total, decay, sums)`: scores become weights e^(x - m'), 0 where the key is hidden, and
 * each row's largest score, total and sums move on to m'.
 */
export function softmaxBlock(
  module: ModuleBuilder,
  { rows, blockKeys, size }: SoftmaxBlock,
): WasmFunction<Parameters, never> {
  return module.once(`softmaxBlock|${rows}|${blockKeys}|${size}`, () => {
    const made = module.function(
      { name: "softmaxBlock", parameters: ["near", "i32", "near", "near", "near", "near"] },
      (f, scores, pairs, largest, total, decay, sums) => {
        const forRows = (body: (line: Near, row: Near) => void): void => {
          const line = f.keep(scores);
          const row = f.local("near");
          f.set(row, 0);
          f.repeat(rows, () => {
            body(line, row);
            f.increment(line, 4 * blockKeys);
            f.increment(row, 4);
          });
        };
        forRows((line, row) => {
          // NaN is passed over here and comes back through the sum of weights.
          const most = [0, 16].map(() => f.keep(f32x4.constant(hiddenScore)));
          forKeyVectors(f, pairs, (at) => {
            const chain = most[at.which]!;
            f.set(chain, f32x4.pmax(chain, at.load(line)));
          });
          f.store("f32", near.add(decay, row), largestLane(f, f32x4.pmax(most[0]!, most[1]!)));
        });
        forVectors(f, rows, (at) => {
          const before = at.load(largest);
          const now = f.keep(f32x4.max(before, at.load(decay)));
          const factor = f.keep(vectorExp(f, f32x4.sub(before, now)));
          at.store(largest, now);
          at.store(decay, factor);
          at.store(total, f32x4.mul(at.load(total), factor));
        });
        const target = f.keep(sums);
        forRows((line, row) => {
          weighRow(f, line, pairs, near.add(largest, row), f.keep(near.add(total, row)));
          const factor = f.keep(load("splat32", near.add(decay, row)));
          forVectors(f, size, (at) => at.store(target, f32x4.mul(at.load(target), factor)));
          f.increment(target, 4 * size);
        });
      },
    );
    return made as WasmFunction<Parameters, never>;
  });
}

/** Weights of a row, and their sum added to its total. */
function weighRow(f: FunctionBuilder, line: Near, pairs: Local<"i32">, largestAt: Value<"near">, totalAt: Near): void {
  const shift = f.keep(load("splat32", largestAt));
  const hidden = f.hoisted(f32x4.constant(hiddenScore));
  const totals = [0, 16].map(() => f.keep(f32x4.constant(0)));
  forKeyVectors(f, pairs, (at) => {
    const score = at.load(line);
    const weight = f.keep(v128.andNot(vectorExpNormal(f, f32x4.sub(score, shift)), f32x4.eq(score, hidden)));
    at.store(line, weight);
    const total = totals[at.which]!;
    f.set(total, f32x4.add(total, weight));
  });
  const sum = sumLanes(f, f32x4.add(totals[0]!, totals[1]!));
  f.store("f32", totalAt, f32.add(load("f32", totalAt), sum));
}
