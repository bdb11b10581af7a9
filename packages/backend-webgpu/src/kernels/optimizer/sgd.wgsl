// Gradient descent with momentum on one element; hyper rows are (η, μ, τ, λ, 1 at the first step, 0, 0, scale).

#import flat
#import segment-search

fn run(index: u32) {
  let row = hyper_row(first + index);
  if (row < 0i || applied[0] == 0f) {
    return;
  }
  let h = u32(row);
  let mu = hyper[h + 1u];
  let g = gradient[index] * hyper[h + 7u] + hyper[h + 3u] * parameters[index];
  var direction = g;
  if (mu != 0f) {
    let b = select(mu * momentum[index] + (1f - hyper[h + 2u]) * g, g, hyper[h + 4u] != 0f);
    momentum[index] = b;
#if nesterov
    direction = g + mu * b;
#else
    direction = b;
#endif
  }
  parameters[index] = parameters[index] - hyper[h] * direction;
}
