// Whether V8 fuses neighbouring 128-bit operations into 256-bit ones: a process-wide flag that only the process's owner sets,
// and whose effect can only be measured. See docs/decisions/2026-11-24-address-type-and-256-bits.md.
import { setFlagsFromString } from "node:v8";
import type { AddressType } from "@attune/tensor-core/wasm";
import { chainRates, fewChains, wideChains } from "./chain-rates.ts";

/**
 * Lets V8 compile SIMD code to 256 bits where it can (Node 24 and later, x64). Call it before the first CPU backend is made.
 * It changes a flag of the whole process, so it is for programs, not for libraries. Results do not depend on it.
 */
export function enable256Bits(): void {
  // Elsewhere V8 has no such flag and says so on stderr.
  if (process.arch === "x64") setFlagsFromString("--experimental-wasm-revectorize");
}

/** Measurements until two loops in one tier are compared; each waits for the engine. */
const mostMeasurements = 4;

/**
 * Measures whether 256-bit code comes out: 24 independent chains of multiply-adds fit the registers only if they are fused in pairs.
 * Takes about 20 ms; trials alternate, and the best of each counts, so that other work on the machine does not decide.
 */
export function has256Bits(): boolean {
  return comesOutAt256Bits(chainRates);
}

/**
 * The same by a given measurement. On a crowded machine the engine may have optimised one loop and not yet the other: these are not
 * compared but measured anew, and code that cannot be told is taken for 128 bits.
 */
export function comesOutAt256Bits(measure: typeof chainRates): boolean {
  for (let measurement = 0; measurement < mostMeasurements; measurement++) {
    const [wide, few] = measure([wideChains, fewChains], 12);
    if (wide!.optimised === few!.optimised) return wide!.rate > 1.5 * few!.rate;
  }
  return false;
}

/** The inner loops of a backend. */
export interface InnerLoops<Near> {
  /** The near memory that they work in, where they have one. */
  readonly near: Near | undefined;
  /** Whether they come out at 256 bits. */
  readonly wide: boolean;
}

/**
 * What the inner loops of a backend are like where V8 fuses vectors (`wide`) or does not: it fuses them by 32-bit addresses alone, so at
 * 64-bit ones they take a near memory, which `openNear` gives if it can.
 */
export function innerLoops<Near>(
  wide: boolean,
  addressType: AddressType,
  openNear: () => Near | undefined,
): InnerLoops<Near> {
  const near = wide && addressType === "i64" ? openNear() : undefined;
  return { near, wide: wide && (addressType === "i32" || near !== undefined) };
}
