// Philox4x32-10, a counter-based random generator: any word can be made from its number alone, so every tile, thread and
// device draws the same bits. Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011, section 4.
//   round: (c0, c1, c2, c3) -> (hi(M1·c2) ^ c1 ^ k0, lo(M1·c2), hi(M0·c0) ^ c3 ^ k1, lo(M0·c0)); keys grow by Weyl constants.

const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;

/** Four random words. */
export type PhiloxWords = readonly [number, number, number, number];

/** The four 32-bit words of a 128-bit counter under a 64-bit key; all arguments are unsigned 32-bit integers. */
export function philox4x32(counter: PhiloxWords, key: readonly [number, number]): PhiloxWords {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(multiplier0, c0);
    const high1 = multiplyHigh(multiplier1, c2);
    const low0 = Math.imul(multiplier0, c0) >>> 0;
    const low1 = Math.imul(multiplier1, c2) >>> 0;
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + weyl0) >>> 0;
    k1 = (k1 + weyl1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** The upper 32 bits of the product of two unsigned 32-bit integers, by 16-bit halves. */
function multiplyHigh(left: number, right: number): number {
  const leftLow = left & 0xffff;
  const leftHigh = left >>> 16;
  const rightLow = right & 0xffff;
  const rightHigh = right >>> 16;
  const middle = leftHigh * rightLow + ((leftLow * rightLow) >>> 16);
  const cross = leftLow * rightHigh + (middle & 0xffff);
  return (leftHigh * rightHigh + Math.floor(middle / 65536) + Math.floor(cross / 65536)) >>> 0;
}

/** A 32-bit name of a random stream: FNV-1a over the UTF-8 bytes of its path. */
export function hashStream(stream: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(stream)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** A sequence of random numbers on the host, for initial weights, samples and tests. */
export interface RandomSequence {
  /** An unsigned 32-bit integer. */
  word(): number;
  /** In [0, 1), a multiple of 2^-24, so exact in f32. */
  uniform(): number;
  /** Standard normal, by Box and Muller (1958). */
  normal(): number;
  /** An integer in [0, bound); bias below 2^-20 for bounds up to 4096. */
  integer(bound: number): number;
}

/** Random numbers that depend on nothing but a seed and the name of the stream. */
export function createRandomSequence(seed: number, stream: string): RandomSequence {
  const key = [seed >>> 0, hashStream(stream)] as const;
  let drawn = 0;
  let block: PhiloxWords = [0, 0, 0, 0];
  const word = (): number => {
    if (drawn % 4 === 0) {
      const index = drawn / 4;
      block = philox4x32([index >>> 0, Math.floor(index / 2 ** 32), 0, 0], key);
    }
    return block[drawn++ % 4]!;
  };
  const uniform = (): number => (word() >>> 8) * 2 ** -24;
  return {
    word,
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    integer: (bound) => Math.floor((word() * bound) / 2 ** 32),
  };
}
