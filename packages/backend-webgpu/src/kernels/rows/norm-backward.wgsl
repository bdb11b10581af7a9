// With g = dy · weight and x̂ = (x - μ) · r: dx = r · (g - mean(g) - x̂ · mean(g · x̂)); RMS norm has μ = 0 and no mean(g).
// In place over dy.

#import row-fold

fn run_row(row: u32, inside: bool, thread: u32, lane: u32) {
  let start = row * columns;
  let r = inverse[row];
#if centred
  let centre = mu[row];
#else
  let centre = 0f;
#endif
  var level_part = 0f;
  var product = 0f;
  for (var column = lane; column < columns; column += lanes) {
    let g = dy[start + column] * weight[column];
    level_part += g;
    product = fma(g, (x[start + column] - centre) * r, product);
  }
#if centred
  let level = fold_sum(thread, level_part) / f32(columns);
#else
  let level = 0f;
#endif
  let projection = fold_sum(thread, product) / f32(columns);
  for (var column = lane; column < columns && inside; column += lanes) {
    let g = dy[start + column] * weight[column];
    dx[start + column] = r * (g - level - (x[start + column] - centre) * r * projection);
  }
}
