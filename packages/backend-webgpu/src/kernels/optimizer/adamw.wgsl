// AdamW (Loshchilov and Hutter, arXiv 1711.05101) on one element; hyper rows are (η, β1, β2, ε, λ, c1, c2, scale).

#import flat
#import segment-search

fn run(index: u32) {
  let row = hyper_row(first + index);
  if (row < 0i || applied[0] == 0f) {
    return;
  }
  let h = u32(row);
  let rate = hyper[h];
  let beta1 = hyper[h + 1u];
  let beta2 = hyper[h + 2u];
  let g = gradient[index] * hyper[h + 7u];
  let m = beta1 * first_moment[index] + (1f - beta1) * g;
  let v = beta2 * second_moment[index] + (1f - beta2) * g * g;
  first_moment[index] = m;
  second_moment[index] = v;
  let step = m / hyper[h + 5u] / (sqrt(v / hyper[h + 6u]) + hyper[h + 3u]);
  parameters[index] = parameters[index] * (1f - rate * hyper[h + 4u]) - rate * step;
}
