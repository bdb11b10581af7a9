// Rotary position embedding: a' = a · cos - b · sin, b' = b · cos + a · sin, one thread a pair; what lies beyond the tables passes.

#import flat

fn run(index: u32) {
  let pairs = width - half;
  let pair = index % pairs;
  let head = index / pairs;
  let start = head * width;
  if (pair >= half) {
    let place = start + half + pair;
    y[place] = x[place];
    return;
  }
  let angle = u32(positions[head / heads]) * half + pair;
#if interleaved
  let first = start + 2u * pair;
  let second = first + 1u;
#else
  let first = start + pair;
  let second = first + half;
#endif
  let cosine = cosines[angle];
#if inverse
  let sine = -sines[angle];
#else
  let sine = sines[angle];
#endif
  let a = x[first];
  let b = x[second];
  y[first] = a * cosine - b * sine;
  y[second] = b * cosine + a * sine;
}
