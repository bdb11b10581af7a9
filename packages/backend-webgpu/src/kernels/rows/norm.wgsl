// RMS norm and layer norm: y = (x - μ) · r · weight + bias, with μ = 0 for RMS norm.

#import row-fold

fn run_row(row: u32, inside: bool, thread: u32, lane: u32) {
  let start = row * columns;
  take_row(start, lane);
#if centred
  var part = 0f;
  for (var i = 0u; i < own_columns; i++) {
    if (lane + i * lanes < columns) {
      part += x_at(start, lane, i);
    }
  }
  let centre = fold_sum(thread, part) / f32(columns);
#else
  let centre = 0f;
#endif
  var squares = 0f;
  for (var i = 0u; i < own_columns; i++) {
    if (lane + i * lanes < columns) {
      let value = x_at(start, lane, i) - centre;
      squares = fma(value, value, squares);
    }
  }
  let r = 1f / sqrt(fold_sum(thread, squares) / f32(columns) + epsilon);
  for (var i = 0u; i < own_columns && inside; i++) {
    let column = lane + i * lanes;
    if (column < columns) {
      var value = (x_at(start, lane, i) - centre) * r * weight[column];
#if bias
      value += bias[column];
#endif
      y[start + column] = value;
    }
  }
  if (inside && lane == 0u) {
#if centred
    mu[row] = centre;
#endif
    inverse[row] = r;
  }
}
