/**
 * Seeded random integers: xoshiro128** 1.1 (Blackman and Vigna, 2018), its state filled by splitmix32 from the seed.
 * Own code, so that an interval printed today can be recomputed bit for bit on any machine.
 */

/** A deterministic source of random integers. */
export interface Random {
  /** A uniformly distributed integer in [0, bound); `bound` is an integer from 1 to 2^32. */
  below(bound: number): number;
}

const rotateLeft = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));

function splitMix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
}

/** Makes a generator; equal seeds give equal sequences. The seed is any integer, of which the low 53 bits count. */
export function createRandom(seed: number): Random {
  const low = splitMix32(seed);
  const high = splitMix32(Math.floor(seed / 4294967296) ^ 0x5bf03635);
  let [a, b, c, d] = [low(), low() ^ high(), low(), low() ^ high()];
  const next = (): number => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result;
  };
  return {
    below(bound) {
      // The values above the last whole multiple of the bound are drawn again, which removes the modulo bias.
      const limit = 4294967296 - (4294967296 % bound);
      let value = next();
      while (value >= limit) value = next();
      return value % bound;
    },
  };
}

/** FNV-1a over UTF-16 units, finished as in murmur3: a 32-bit unsigned key for orders that depend on an id and a seed. */
export function hashText(text: string, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) | 0;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
