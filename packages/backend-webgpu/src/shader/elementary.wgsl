// Elementary functions that WGSL leaves too inaccurate, or that overflow on some drivers. Polynomials as in the CPU backend
// (packages/backend-cpu/src/kernels/vector-math.ts), with the errors stated there.

#import numbers

fn exp_of(x: f32) -> f32 {
  return select(select(exp(x), infinity(), x > 88.75f), x, is_nan(x));
}

fn log_of(x: f32) -> f32 {
  let finite = select(log(x), -infinity(), x == 0f);
  return select(select(finite, x, x > 3.4e38f), not_a_number(), x < 0f || is_nan(x));
}

fn sqrt_of(x: f32) -> f32 {
  return select(sqrt(x), not_a_number(), x < 0f || is_nan(x));
}

fn rsqrt_of(x: f32) -> f32 {
  return select(1f / sqrt(x), not_a_number(), x < 0f || is_nan(x));
}

// 1 / (1 + e^-x)
fn sigmoid_of(x: f32) -> f32 {
  return 1f / (1f + exp_of(-x));
}

// x + x³ P(x²) up to 0.625, then 1 - 2 / (e^2|x| + 1)
fn tanh_of(x: f32) -> f32 {
  let magnitude = abs(x);
  let z = x * x;
  let p = fma(fma(fma(fma(-0.00604516501f, z, 0.0209613293f), z, -0.0538432635f), z, 0.133327186f), z, -0.333333284f);
  let large = 1f - 2f / (exp_of(2f * magnitude) + 1f);
  let value = select(fma(x * z, p, x), select(large, -large, x < 0f), magnitude > 0.625f);
  return select(value, x, is_nan(x));
}

// x P(x²) up to 1, then 1 - e^-x² Q(1/x) / x
fn erf_of(x: f32) -> f32 {
  let magnitude = min(abs(x), 4.2f);
  let z = magnitude * magnitude;
  let p = fma(fma(fma(fma(fma(-0.000564805989f, z, 0.00492176181f), z, -0.0267150551f), z, 0.112803169f), z, -0.376123428f), z, 1.12837911f);
  let r = 1f / magnitude;
  var q = 0.0568751805f;
  q = fma(q, r, -0.324616343f);
  q = fma(q, r, 0.786424339f);
  q = fma(q, r, -1.01249456f);
  q = fma(q, r, 0.644468963f);
  q = fma(q, r, 0.00584678398f);
  q = fma(q, r, -0.295611233f);
  q = fma(q, r, 0.00268005533f);
  q = fma(q, r, 0.564010441f);
  let large = 1f - exp(-z) * r * q;
  let value = select(x * p, select(large, -large, x < 0f), magnitude > 1f);
  return select(value, x, is_nan(x));
}

// Sine of an angle that counts on by `turn` quarters: multiples of π/2 are subtracted in three parts (Cody and Waite).
fn quarter_wave(x: f32, turn: i32) -> f32 {
  let n = round(x * 0.636619772f);
  let rest = fma(-n, 7.549789954891882e-8f, fma(-n, 4.837512969970703e-4f, fma(-n, 1.5703125f, x)));
  let quadrant = i32(clamp(n, -1e9f, 1e9f)) + turn;
  let z = rest * rest;
  let sine = fma(rest * z, fma(fma(-0.000195853732f, z, 0.00833273679f), z, -0.166666642f), rest);
  let tail = fma(fma(0.0000245454194f, z, -0.00138882909f), z, 0.0416666642f);
  let cosine = fma(z * z, tail, fma(z, -0.5f, 1f));
  let value = select(sine, cosine, (quadrant & 1) == 1);
  return select(select(value, -value, (quadrant & 2) == 2), not_a_number(), !is_finite(x));
}

// A float as an integer: cut towards zero, limited to the range, 0 for NaN.
fn to_i32(x: f32) -> i32 {
  let inside = i32(clamp(x, -2147483648f, 2147483520f));
  return select(select(inside, 2147483647i, x >= 2147483648f), 0i, is_nan(x));
}

fn to_u32(x: f32) -> u32 {
  let inside = u32(clamp(x, 0f, 4294967040f));
  return select(select(inside, 4294967295u, x >= 4294967296f), 0u, is_nan(x));
}
