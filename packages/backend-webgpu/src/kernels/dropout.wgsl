// y = x / (1 - rate) where the element's random word is at least rate · 2^32, else 0. The words are those of Philox4x32-10 (Salmon
// et al., SC 2011) at the counter (element / 4, random[1..3]) under the key (random[0], hash of the stream); one thread a counter.

#import flat

// The upper word of a product, by 16-bit halves.
fn multiply_high(a: u32, b: u32) -> u32 {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let cross_part = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (middle >> 16u) + (cross_part >> 16u);
}

fn philox(start: vec4u, first_key: vec2u) -> vec4u {
  var c = start;
  var k = first_key;
  for (var round = 0u; round < 10u; round++) {
    let high0 = multiply_high(0xd2511f53u, c.x);
    let high1 = multiply_high(0xcd9e8d57u, c.z);
    c = vec4u(high1 ^ c.y ^ k.x, 0xcd9e8d57u * c.z, high0 ^ c.w ^ k.y, 0xd2511f53u * c.x);
    k += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}

fn run(index: u32) {
  let words = philox(vec4u(index, random[1], random[2], random[3]), vec2u(random[0], stream));
  for (var lane = 0u; lane < 4u; lane++) {
    let element = index * 4u + lane;
    if (element < count) {
      y[element] = select(0f, x[element] / kept, words[lane] >= threshold);
    }
  }
}
