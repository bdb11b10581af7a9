// softmax, its backward pass and log-sum-exp over rows.

#import elementary
#import row-fold

fn run_row(row: u32, inside: bool, thread: u32, lane: u32) {
  let start = row * columns;
#if backward
  // dx = y · (dy - Σ y · dy)
  var product = 0f;
  for (var column = lane; column < columns; column += lanes) {
    product = fma(y[start + column], dy[start + column], product);
  }
  let projection = fold_sum(thread, product);
  for (var column = lane; column < columns && inside; column += lanes) {
    dx[start + column] = y[start + column] * (dy[start + column] - projection);
  }
#else
  var most = x[start];
  for (var column = lane; column < columns; column += lanes) {
    most = larger(most, x[start + column]);
  }
  let largest = fold_max(thread, most);
  var part = 0f;
  for (var column = lane; column < columns; column += lanes) {
    part += exp_of(x[start + column] - largest);
  }
  let total = fold_sum(thread, part);
#if normalise
  for (var column = lane; column < columns && inside; column += lanes) {
    y[start + column] = exp_of(x[start + column] - largest) / total;
  }
#else
  let log_sum = select(largest, largest + log_of(total), is_finite(largest));
  if (inside && lane == 0u) {
#if labels
    let label = labels[row];
    loss[row] = select(log_sum - x[start + u32(max(label, 0i))], 0f, label == -100i);
#endif
    log_sum_exp[row] = log_sum;
  }
#endif
#endif
}
