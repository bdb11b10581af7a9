// The activations of a product of few rows, brought once a tile of work into the order in which weights are decoded, so that decoding
// needs no shuffles: for each pair of runs its vectors, the first run's beside the second's, and what the format leaves out of all lanes.
import type { CpuRunDecoder } from "@attune/tensor-core";
import { type FunctionBuilder, f32x4, type Local, load, shuffle32, type Value } from "@attune/tensor-core/wasm";

/** Where the operand of few rows lies, in bytes. */
export interface FewRowsOperand {
  /** Whether it is copied into scratch; else it is read where it lies. */
  readonly copied: boolean;
  /** From a pair of runs to the next, and from a row to the next. */
  readonly pairBytes: number;
  readonly rowBytes: number;
}

/** The layout for rows of `k` elements of which `pairs` pairs of runs are read. */
export function layOutOperand(runs: CpuRunDecoder, k: number, pairs: number): FewRowsOperand {
  const { order, exponents, shift = 0 } = runs;
  const asItLies =
    exponents.length === 1 && exponents[0] === 0 && shift === 0 && order.every((item, lane) => item === lane);
  if (asItLies) return { copied: false, pairBytes: 32, rowBytes: 4 * k };
  const pairBytes = 32 * (exponents.length + Number(shift !== 0));
  return { copied: true, pairBytes, rowBytes: pairBytes * pairs };
}

/** Copies one row of `pairs` pairs from `source` to `target`. */
export function copyOperand(
  f: FunctionBuilder,
  runs: CpuRunDecoder,
  pairs: number,
  source: Local<"address">,
  target: Local<"address">,
): void {
  const { length, order, exponents, shift = 0 } = runs;
  f.repeat(pairs, () => {
    for (const half of [0, 1]) {
      const read = Array.from({ length: length / 4 }, (_, index) =>
        f.keep(load("v128", source, 4 * half * length + 16 * index)),
      );
      for (const [vector, exponent] of exponents.entries()) {
        const lanes = gather(f, read, order.slice(4 * vector, 4 * vector + 4));
        const scaled = exponent === 0 ? lanes : f32x4.mul(lanes, f.hoisted(f32x4.constant(2 ** exponent)));
        f.store("v128", target, scaled, 32 * vector + 16 * half);
      }
      if (shift === 0) continue;
      const sum = exponents
        .map((_, vector) => gather(f, read, order.slice(4 * vector, 4 * vector + 4)))
        .reduce((total, lanes) => f32x4.add(total, lanes));
      f.store("v128", target, f32x4.mul(sum, f.hoisted(f32x4.constant(shift))), 32 * exponents.length + 16 * half);
    }
    f.increment(source, 8 * length);
    f.increment(target, 32 * (exponents.length + Number(shift !== 0)));
  });
}

/** Four elements of neighbouring vectors, by at most three shuffles. */
function gather(f: FunctionBuilder, vectors: readonly Local<"v128">[], elements: readonly number[]): Value<"v128"> {
  const vectorOf = (lane: number): number => Math.floor(elements[lane]! / 4);
  const used = [...new Set([0, 1, 2, 3].map(vectorOf))];
  let gathered: Local<"v128"> = vectors[used[0]!]!;
  if (used.length === 1 && elements.every((element, lane) => element % 4 === lane)) return gathered;
  // Each shuffle brings the lanes of one more vector to their places; what is not yet there stays as it is.
  for (const [step, index] of (used.length === 1 ? used : used.slice(1)).entries()) {
    const place = (lane: number): number => {
      if (vectorOf(lane) === index && (step > 0 || used.length > 1)) return 4 + (elements[lane]! % 4);
      return step === 0 ? elements[lane]! % 4 : lane;
    };
    gathered = f.keep(shuffle32(gathered, vectors[index]!, [place(0), place(1), place(2), place(3)]));
  }
  return gathered;
}
