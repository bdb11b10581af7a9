// softmax, its backward pass and log-sum-exp over rows.

#import elementary
#import row-fold

const lowest = -3.4028234663852886e38f;

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
  // Σ e^(x - most) in one pass: what is larger than all before scales the sum down (Milakov and Gimelshein, arXiv 1805.02867).
  var most = lowest;
  var part = 0f;
  for (var column = lane; column < columns; column += lanes) {
    let value = x[start + column];
    let smaller_part = exp_of(-abs(value - most));
    part = select(part + smaller_part, fma(part, smaller_part, 1f), value > most);
    most = larger(most, value);
  }
  let largest = fold_max(thread, most);
  let total = fold_sum(thread, part * exp_of(most - largest));
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
