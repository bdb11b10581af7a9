// With g = dy · weight and x̂ = (x - μ) · r: dx = r · (g - mean(g) - x̂ · mean(g · x̂)); RMS norm has μ = 0 and no mean(g).
// In place over dy.

#import row-fold

fn run_row(row: u32, inside: bool, thread: u32, lane: u32) {
  let start = row * columns;
  take_row(start, lane);
  let r = inverse[row];
#if centred
  let centre = mu[row];
#else
  let centre = 0f;
#endif
  var level_part = 0f;
  var product = 0f;
  for (var i = 0u; i < own_columns; i++) {
    let column = lane + i * lanes;
    if (column < columns) {
      let g = dy_at(start, lane, i) * weight[column];
      level_part += g;
      product = fma(g, (x_at(start, lane, i) - centre) * r, product);
    }
  }
#if centred
  let level = fold_sum(thread, level_part) / f32(columns);
#else
  let level = 0f;
#endif
  let projection = fold_sum(thread, product) / f32(columns);
  for (var i = 0u; i < own_columns && inside; i++) {
    let column = lane + i * lanes;
    if (column < columns) {
      let g = dy_at(start, lane, i) * weight[column];
      dx[start + column] = r * (g - level - (x_at(start, lane, i) - centre) * r * projection);
    }
  }
}
