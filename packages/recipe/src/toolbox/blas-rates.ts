// How fast a native library is beside WebAssembly, kept between processes for as long as its files, Attune, Node and the processor are
// the same. A measurement that is not repeated also decides alike at each start: which of the two multiplies is part of the numerics class.
import { type GemmRates, measureGemm } from "@attune/backend-cpu";
import { machineKey, readUserCache, type UserCacheEntry, userCacheFolder, writeUserCache } from "@attune/run-folder";
import { isJsonObject, type JsonObject, type JsonValue } from "@attune/spec";
import type { GemmProvider } from "@attune/tensor-core";
import { packageVersion } from "./package-version.ts";

/** Rates, and whether they were measured by this process or an earlier one. */
export interface KnownRates {
  readonly rates: GemmRates;
  readonly cached: boolean;
}

/** What is measured. */
export interface RatedLibrary {
  readonly provider: GemmProvider;
  /** Its files as they are: where there are none, nothing is kept. */
  readonly files: readonly JsonObject[];
  /** Whether V8 fuses vectors to 256 bits. */
  readonly wide: boolean;
}

/** GFLOPS beyond which a rate is none. */
const fastest = 1e6;

/** Where the rates of a library are kept. */
export function ratesEntry({ provider, files, wide }: RatedLibrary): UserCacheEntry {
  const key = { ...machineKey(), attune: packageVersion, wide, library: provider.id, files: [...files] };
  return { folder: userCacheFolder(), kind: "native-blas-rates", key };
}

/** The rates of a library: those that were kept, else by a measurement, which is kept if it settled. */
export async function knownRates(
  library: RatedLibrary,
  measure: typeof measureGemm = measureGemm,
): Promise<KnownRates> {
  const { provider, files, wide } = library;
  const entry = files.length > 0 ? ratesEntry(library) : undefined;
  const kept = entry && ratesIn(readUserCache(entry));
  if (kept) return { rates: kept, cached: true };
  const rates = await measure(provider, { wide });
  if (entry && rates.settled) writeUserCache(entry, { native: rates.native, wasm: rates.wasm, tile: rates.tile });
  return { rates, cached: false };
}

/** Rates from a file that anyone may have written. */
function ratesIn(value: JsonValue | undefined): GemmRates | undefined {
  if (!isJsonObject(value)) return undefined;
  const { native, wasm, tile } = value;
  const isRate = (rate: unknown): rate is number => typeof rate === "number" && rate > 0 && rate < fastest;
  const whole = isRate(native) && isRate(wasm) && typeof tile === "string" && /^\d{1,2}x\d{1,2}$/.test(tile);
  return whole ? { native, wasm, tile, settled: true } : undefined;
}
