// How fast chains of multiply-adds in registers are: what the width of SIMD code is told from, and products are measured against.
import { address, f32x4, i32, load } from "@attune/tensor-core/wasm";
import { freshName } from "./fresh-name.ts";
import { instantiateAlone } from "./instantiate-alone.ts";
import { untilOptimised } from "./until-optimised.ts";

/** Chains that keep the units busy at 256 bits. */
export const wideChains = 24;
/** Chains that do so at 128 bits, without spilling. */
const narrowChains = 12;
/** Chains that reach about as much as 24 at 128 bits, and half as much at 256. */
export const fewChains = 8;
const rounds = 4000;

/** What chains reach. */
export interface ChainRate {
  /** Multiply-adds of four lanes a millisecond, the best of the trials. */
  readonly rate: number;
  /** Whether the engine was seen to optimise the loop before it was timed. */
  readonly optimised: boolean;
}

/** Measures loops of each number of chains in turn, so that other work on the machine falls on all alike. */
export function chainRates(chains: readonly number[], trials: number): ChainRate[] {
  const loops = chains.map((count) => ({ count, run: chainLoop(count), best: Number.POSITIVE_INFINITY }));
  const optimised = untilOptimised(
    loops.map(
      ({ run }) =>
        () =>
          run(0, rounds),
    ),
  );
  for (let trial = 0; trial < trials; trial++) {
    for (const loop of loops) {
      const start = performance.now();
      loop.run(0, rounds);
      loop.best = Math.min(loop.best, performance.now() - start);
    }
  }
  return loops.map(({ count, best }, index) => ({ rate: (count * rounds) / best, optimised: optimised[index]! }));
}

function chainLoop(chains: number): (base: number, rounds: number) => void {
  const name = freshName();
  const exports = instantiateAlone((module) => {
    module.function({ name, parameters: ["address", "i32"], exported: true }, (f, base, count) => {
      const left = f.keep(load("splat32", base));
      const right = [0, 16].map((offset) => f.keep(load("v128", base, offset)));
      const sums = Array.from({ length: chains }, (_, index) => f.keep(load("v128", base, 64 + 16 * index)));
      f.repeat(count, () => {
        for (const [index, sum] of sums.entries()) f.set(sum, f32x4.madd(left, right[index & 1]!, sum));
      });
      const target = f.keep(address.at(base, i32.constant(0), 1));
      for (const [index, sum] of sums.entries()) f.store("v128", target, sum, 64 + 16 * index);
    });
  });
  return exports[name] as (base: number, rounds: number) => void;
}

/** GFLOPS of one core in a loop of nothing but multiply-adds in registers: what products are measured against. */
export function multiplyAddPeak(): number {
  const rates = chainRates([wideChains, narrowChains], 200).map(({ rate }) => rate);
  return (Math.max(...rates) * 8) / 1e6;
}
