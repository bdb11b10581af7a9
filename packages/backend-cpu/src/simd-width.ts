// Whether V8 fuses neighbouring 128-bit operations into 256-bit ones: a process-wide flag that only the process's owner sets,
// and whose effect can only be measured. See docs/decisions/2026-11-24-address-type-and-256-bits.md.
import { setFlagsFromString } from "node:v8";
import { type AddressType, address, f32x4, i32, load, ModuleBuilder } from "@attune/tensor-core/wasm";
import { freshName } from "./tuning/fresh-name.ts";
import { untilOptimised } from "./tuning/until-optimised.ts";

/**
 * Lets V8 compile SIMD code to 256 bits where it can (Node 24 and later, x64). Call it before the first CPU backend is made.
 * It changes a flag of the whole process, so it is for programs, not for libraries. Results do not depend on it.
 */
export function enable256Bits(): void {
  setFlagsFromString("--experimental-wasm-revectorize");
}

/**
 * Chains of multiply-adds. 24 keep the units busy at 256 bits, 12 at 128 bits without spilling; 8 reach about as much as 24 at 128 bits,
 * and half as much at 256.
 */
const [wideChains, narrowChains, fewChains] = [24, 12, 8];
const rounds = 4000;

/**
 * Measures whether 256-bit code comes out: 24 independent chains of multiply-adds fit the registers only if they are fused in pairs.
 * Takes about 20 ms; trials alternate, and the best of each counts, so that other work on the machine does not decide.
 */
export function has256Bits(): boolean {
  const [wide, few] = chainRates([wideChains, fewChains], 12);
  return wide! > 1.5 * few!;
}

/** GFLOPS of one core in a loop of nothing but multiply-adds in registers: what products are measured against. */
export function multiplyAddPeak(): number {
  return (Math.max(...chainRates([wideChains, narrowChains], 200)) * 8) / 1e6;
}

/** Multiply-adds of four lanes a millisecond, the best of `trials`, for each number of chains. */
function chainRates(chains: readonly number[], trials: number): number[] {
  const loops = chains.map((count) => ({ count, run: chainLoop(count), best: Number.POSITIVE_INFINITY }));
  untilOptimised(
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
  return loops.map(({ count, best }) => (count * rounds) / best);
}

/**
 * Whether a relaxed multiply-add rounds once here, as on processors with FMA; elsewhere V8 computes it in two roundings. It is part of
 * a run's numerics class: (1 + ε)² - 1 - 2ε is ε² if it was fused, and 0 if the product was rounded first.
 */
export function fusesMultiplyAdd(): boolean {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const module = new ModuleBuilder(
    { addressType: "i32", relaxedSimd: true },
    { module: "env", name: "memory", minimumPages: 1, maximumPages: 1 },
  );
  const epsilon = 2 ** -13;
  module.function({ name: "run", parameters: ["f32"], result: "f32", exported: true }, (f, x) => {
    const factor = f.keep(f32x4.splat(x));
    return f32x4.extract(f32x4.madd(factor, factor, f32x4.constant(-1 - 2 * epsilon)), 0);
  });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } });
  return (exports["run"] as (x: number) => number)(1 + epsilon) !== 0;
}

function chainLoop(chains: number): (base: number, rounds: number) => void {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const module = new ModuleBuilder(
    { addressType: "i32", relaxedSimd: true },
    { module: "env", name: "memory", minimumPages: 1, maximumPages: 1 },
  );
  const name = freshName();
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
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } });
  return exports[name] as (base: number, rounds: number) => void;
}

/** Whether inner loops run at 256 bits where V8 fuses vectors: it does so by 32-bit addresses alone, in the first memory or a near one. */
export function widensInnerLoops(addressType: AddressType, nearMemory: boolean): boolean {
  return addressType === "i32" || nearMemory;
}
