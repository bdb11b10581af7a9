// A few rows against a weight [n, k], which is read once: `lanes` neighbouring threads share a row of the weight, walk k in
// blocks of four and join their sums in a tree: in workgroup memory, or within a subgroup, which adds in the same order.

#if !subgroups
var<workgroup> few_parts: array<f32, 64>;
#endif

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let column = (group.x + group.y * grid_width) * (64u / lanes) + thread / lanes;
  let lane = thread % lanes;
  let inside = column < n;
  var sums: array<f32, m>;
  for (var at = lane * 4u; at < k && inside; at += lanes * 4u) {
    let weight = b_quad(0u, column, at);
    for (var row = 0u; row < m; row++) {
      sums[row] += dot(a_quad(0u, row, at), weight);
    }
  }
  for (var row = 0u; row < m; row++) {
#if subgroups
    var total = sums[row];
    for (var step = lanes / 2u; step > 0u; step = step / 2u) {
      total += subgroupShuffleXor(total, step);
    }
    if (inside && lane == 0u) {
      store_one(row, column, total);
    }
#else
    few_parts[thread] = sums[row];
    for (var step = lanes / 2u; step > 0u; step = step / 2u) {
      workgroupBarrier();
      if (lane < step) {
        few_parts[thread] += few_parts[thread + step];
      }
    }
    if (inside && lane == 0u) {
      store_one(row, column, few_parts[thread]);
    }
    workgroupBarrier();
#endif
  }
}
