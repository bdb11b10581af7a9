// RMS norm and layer norm: y = (x - μ) · r · weight + bias, with μ = 0 for RMS norm.

#import row-fold

fn run_row(row: u32, inside: bool, thread: u32, lane: u32) {
  let start = row * columns;
#if centred
  var part = 0f;
  for (var column = lane; column < columns; column += lanes) {
    part += x[start + column];
  }
  let centre = fold_sum(thread, part) / f32(columns);
#else
  let centre = 0f;
#endif
  var squares = 0f;
  for (var column = lane; column < columns; column += lanes) {
    let value = x[start + column] - centre;
    squares = fma(value, value, squares);
  }
  let r = 1f / sqrt(fold_sum(thread, squares) / f32(columns) + epsilon);
  for (var column = lane; column < columns && inside; column += lanes) {
    var value = (x[start + column] - centre) * r * weight[column];
#if bias
    value += bias[column];
#endif
    y[start + column] = value;
  }
  if (inside && lane == 0u) {
#if centred
    mu[row] = centre;
#endif
    inverse[row] = r;
  }
}
