/**
 * MinHash with locality-sensitive hashing in bands (Broder 1997; Leskovec, Rajaraman, Ullman, "Mining of Massive
 * Datasets", chapter 3). For sets of Jaccard similarity s, one minimum agrees with probability s, and at least one of b
 * bands of r minima with P(s) = 1 - (1 - s^r)^b; the curve turns at s = (1/b)^(1/r).
 */
import type { Hash64 } from "@attune/data-core";

/** Bands and rows; their product is the number of minima. */
export interface BandOptions {
  /** Number of bands b. */
  readonly bands: number;
  /** Minima per band r. */
  readonly rows: number;
}

/** Probability that two sets of this similarity become a candidate pair. */
export function candidateProbability(similarity: number, { bands, rows }: BandOptions): number {
  return 1 - (1 - similarity ** rows) ** bands;
}

/** Similarity at which the curve of `candidateProbability` turns. */
export function bandCrossover({ bands, rows }: BandOptions): number {
  return (1 / bands) ** (1 / rows);
}

/** Computes the band keys of shingle sets. */
export interface MinHasher {
  /** Returns one 64-bit key a band; two sets share a key when all minima of that band agree. Reused by the next call. */
  bandKeys(shingles: Uint32Array): readonly Hash64[];
}

/** Makes a hasher; its hash functions follow from the seed. Each is a bijection of 32 bits: two rounds of multiply and shift. */
export function createMinHasher({ bands, rows }: BandOptions, seed: number): MinHasher {
  const count = bands * rows;
  const random = splitMix32(seed);
  const offsets = Int32Array.from({ length: count }, random);
  const factors = Int32Array.from({ length: count }, () => random() | 1);
  const minima = new Uint32Array(count);
  const keys = Array.from({ length: bands }, () => ({ high: 0, low: 0 }));
  return {
    bandKeys(shingles) {
      minima.fill(0xffffffff);
      for (let s = 0; s < shingles.length; s++) {
        const shingle = shingles[s]!;
        for (let p = 0; p < count; p++) {
          let hash = Math.imul(shingle ^ offsets[p]!, 0x85ebca6b);
          hash = Math.imul(hash ^ (hash >>> 15), factors[p]!);
          hash = (hash ^ (hash >>> 16)) >>> 0;
          if (hash < minima[p]!) minima[p] = hash;
        }
      }
      for (let band = 0; band < bands; band++) {
        // The band's number starts the key, so that minima of different bands never meet.
        let [high, low] = [band + 1, ~band];
        for (let row = band * rows; row < (band + 1) * rows; row++) {
          high = Math.imul(high ^ minima[row]!, 0x85ebca6b);
          high ^= high >>> 13;
          low = Math.imul(low ^ minima[row]!, 0xc2b2ae35);
          low ^= low >>> 16;
        }
        keys[band]!.high = high >>> 0;
        keys[band]!.low = low >>> 0;
      }
      return keys;
    },
  };
}

/** Steele, Lea, Flood 2014, reduced to 32 bits. */
function splitMix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let value = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    value = Math.imul(value ^ (value >>> 15), 0x735a2d97);
    return value ^ (value >>> 15);
  };
}
