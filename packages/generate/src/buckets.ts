/** The smallest of 64, 80, 96, 112, 128, 160, 192, 224, 256, ... that is at least `length`: few shapes, at most a quarter wasted. */
export function lengthBucket(length: number): number {
  let octave = 64;
  while (octave * 2 <= length) octave *= 2;
  for (let quarter = 4; quarter < 8; quarter++) if ((octave / 4) * quarter >= length) return (octave / 4) * quarter;
  return octave * 2;
}

/** The smallest power of two that is at least `count`. */
export function powerOfTwo(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, count)));
}
