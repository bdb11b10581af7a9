// Values that WGSL has no constants for, and tests on bits: compilers may assume that floats are finite.

var<private> infinity_bits: u32 = 0x7f800000u;

fn infinity() -> f32 {
  return bitcast<f32>(infinity_bits);
}

fn not_a_number() -> f32 {
  return bitcast<f32>(infinity_bits | 0x400000u);
}

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

fn is_finite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}

// The larger of two, NaN if one is.
fn larger(a: f32, b: f32) -> f32 {
  return select(max(a, b), not_a_number(), is_nan(a) || is_nan(b));
}

// The smaller of two, NaN if one is.
fn smaller(a: f32, b: f32) -> f32 {
  return select(min(a, b), not_a_number(), is_nan(a) || is_nan(b));
}
