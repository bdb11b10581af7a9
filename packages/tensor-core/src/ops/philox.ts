// Philox4x32-10, a counter-based random generator: any word can be made from its number alone, so every tile, thread and
// device draws the same bits. Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011, section 4.
//   round: (c0, c1, c2, c3) -> (hi(M1·c2) ^ c1 ^ k0, lo(M1·c2), hi(M0·c0) ^ c3 ^ k1, lo(M0·c0)); keys grow by Weyl constants.

const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;

/** Four random words. */
export type PhiloxWords = readonly [number, number, number, number];

const [low0, high0, low1, high1] = [multiplier0 & 0xffff, multiplier0 >>> 16, multiplier1 & 0xffff, multiplier1 >>> 16];

/** The four 32-bit words of a 128-bit counter under a 64-bit key; all arguments are unsigned 32-bit integers. */
export function philox4x32(counter: PhiloxWords, key: readonly [number, number]): PhiloxWords {
  const words = new Uint32Array(4);
  drawInto(words, ...counter, ...key);
  return [words[0]!, words[1]!, words[2]!, words[3]!];
}

/**
 * As `philox4x32`, into an array. It draws every initial weight of a model, so it stays in integer registers: nothing is allocated, and
 * the upper halves of products are put together from products of 16 bits, none of which exceeds 32.
 */
function drawInto(target: Uint32Array, c0: number, c1: number, c2: number, c3: number, k0: number, k1: number): void {
  for (let round = 0; round < 10; round++) {
    const [left0, right0, left1, right1] = [c0 & 0xffff, c0 >>> 16, c2 & 0xffff, c2 >>> 16];
    const middle0 = (Math.imul(right0, low0) + (Math.imul(left0, low0) >>> 16)) | 0;
    const cross0 = (Math.imul(left0, high0) + (middle0 & 0xffff)) | 0;
    const upper0 = (Math.imul(right0, high0) + (middle0 >>> 16) + (cross0 >>> 16)) | 0;
    const middle1 = (Math.imul(right1, low1) + (Math.imul(left1, low1) >>> 16)) | 0;
    const cross1 = (Math.imul(left1, high1) + (middle1 & 0xffff)) | 0;
    const upper1 = (Math.imul(right1, high1) + (middle1 >>> 16) + (cross1 >>> 16)) | 0;
    const lower0 = Math.imul(multiplier0, c0);
    c0 = upper1 ^ c1 ^ k0;
    c1 = Math.imul(multiplier1, c2);
    c2 = upper0 ^ c3 ^ k1;
    c3 = lower0;
    k0 = (k0 + weyl0) | 0;
    k1 = (k1 + weyl1) | 0;
  }
  target[0] = c0;
  target[1] = c1;
  target[2] = c2;
  target[3] = c3;
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
  const [first, second] = [seed | 0, hashStream(stream) | 0];
  const block = new Uint32Array(4);
  let [taken, lower, upper] = [4, 0, 0];
  const word = (): number => {
    if (taken === 4) {
      drawInto(block, lower, upper, 0, 0, first, second);
      lower = (lower + 1) >>> 0;
      if (lower === 0) upper++;
      taken = 0;
    }
    return block[taken++]!;
  };
  const uniform = (): number => (word() >>> 8) * 2 ** -24;
  return {
    word,
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    integer: (bound) => Math.floor((word() * bound) / 2 ** 32),
  };
}
