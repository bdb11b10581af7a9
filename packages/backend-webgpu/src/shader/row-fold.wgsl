// Folds over rows: `lanes` neighbouring threads share a row, and join what they found in a tree of fixed shape.

#import numbers

var<workgroup> row_parts: array<f32, group_size>;

fn fold_sum(thread: u32, value: f32) -> f32 {
  row_parts[thread] = value;
  for (var step = lanes / 2u; step > 0u; step = step / 2u) {
    workgroupBarrier();
    if (thread % lanes < step) {
      row_parts[thread] += row_parts[thread + step];
    }
  }
  workgroupBarrier();
  let total = row_parts[thread - thread % lanes];
  workgroupBarrier();
  return total;
}

// The largest, NaN if one is.
fn fold_max(thread: u32, value: f32) -> f32 {
  row_parts[thread] = value;
  for (var step = lanes / 2u; step > 0u; step = step / 2u) {
    workgroupBarrier();
    if (thread % lanes < step) {
      row_parts[thread] = larger(row_parts[thread], row_parts[thread + step]);
    }
  }
  workgroupBarrier();
  let most = row_parts[thread - thread % lanes];
  workgroupBarrier();
  return most;
}

@compute @workgroup_size(group_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let row = (group.x + group.y * grid_width) * (group_size / lanes) + thread / lanes;
  // Threads beyond the last row go along, since all have to meet at the barriers, and store nothing.
  run_row(min(row, max(rows, 1u) - 1u), row < rows, thread, thread % lanes);
}
