// Whether V8 fuses neighbouring 128-bit operations into 256-bit ones: a process-wide flag that only the process's owner sets,
// and whose effect can only be measured. See docs/decisions/2026-11-24-address-type-and-256-bits.md.
import { setFlagsFromString } from "node:v8";
import { address, f32x4, i32, load, ModuleBuilder } from "@attune/tensor-core/wasm";

/**
 * Lets V8 compile SIMD code to 256 bits where it can (Node 24 and later, x64). Call it before the first CPU backend is made.
 * It changes a flag of the whole process, so it is for programs, not for libraries. Results do not depend on it.
 */
export function enable256Bits(): void {
  setFlagsFromString("--experimental-wasm-revectorize");
}

const accumulators = 24;
const rounds = 4000;

/**
 * Measures whether 256-bit code comes out: 24 independent chains of multiply-adds fit the registers only if they are fused in pairs.
 * Takes about 10 ms.
 */
export function has256Bits(): boolean {
  const wide = chainsPerMillisecond(accumulators);
  const narrow = chainsPerMillisecond(accumulators / 3);
  return wide > 1.4 * narrow;
}

function chainsPerMillisecond(chains: number): number {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const module = new ModuleBuilder(
    { addressType: "i32", relaxedSimd: true },
    { module: "env", name: "memory", minimumPages: 1, maximumPages: 1 },
  );
  module.function({ name: "run", parameters: ["address", "i32"], exported: true }, (f, base, count) => {
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
  const run = exports["run"] as (base: number, rounds: number) => void;
  for (const end = performance.now() + 3; performance.now() < end; ) run(0, rounds);
  let best = Number.POSITIVE_INFINITY;
  for (let trial = 0; trial < 5; trial++) {
    const start = performance.now();
    run(0, rounds);
    best = Math.min(best, performance.now() - start);
  }
  return (chains * rounds) / best;
}
