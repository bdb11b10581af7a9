// dq: 16 rows, four threads each, go over blocks of keys; weights are computed again from the log-sum-exp.
//   p = e^(x - lse);  dx = p · (dout · v - Σ o · dout);  dq = Σ_s dx_s · scale · k_s

#import attention-keys

var<workgroup> slopes: array<f32, 16u * block>;
var<workgroup> key_limit: u32;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let number = workgroup.x + workgroup.y * grid_width;
  let first_row = number % row_blocks * 16u;
  let key_head = number / row_blocks % key_heads;
  let batch = number / (row_blocks * key_heads);
  let own = thread / 4u;
  let lane = thread % 4u;
  let row = min(first_row + own, rows - 1u);
  let query = query_of(row);
  let head = head_of(key_head, row);
  let start = row_start(batch, key_head, row);
  let known = row_values[row_place(batch, key_head, row)];

  if (thread == 0u) {
    key_limit = last_key(batch, query_of(min(first_row + 15u, rows - 1u)));
  }
  let end = workgroupUniformLoad(&key_limit);
  var sums: array<vec4f, own_quads>;
  for (var first = 0u; first < end; first += block) {
    load_keys(batch, key_head, first, thread);
    workgroupBarrier();
    for (var j = lane; j < block; j += 4u) {
      let key = first + j;
      var slope = 0f;
      if (key < keys && visible(batch, query, key)) {
        var product = 0f;
        var dweight = 0f;
        for (var inner = 0u; inner < quads; inner++) {
          product += dot(q_quad(start, inner), key_tile[j * quads + inner]);
          dweight += dot(dout_quad(start, inner), value_tile[j * quads + inner]);
        }
        let weight = exp_of(score(product, batch, head, query, key) - known.x);
        slope = weight * (dweight - known.y) * score_slope(product);
      }
      slopes[own * block + j] = slope;
    }
    workgroupBarrier();
    for (var j = 0u; j < block; j++) {
      let slope = slopes[own * block + j];
      for (var i = 0u; i < own_quads; i++) {
        let inner = lane + i * 4u;
        if (inner < quads) {
          sums[i] = fma(vec4f(slope), key_tile[j * quads + inner], sums[i]);
        }
      }
    }
    workgroupBarrier();
  }
  if (first_row + own >= rows) {
    return;
  }
  for (var i = 0u; i < own_quads; i++) {
    let inner = lane + i * 4u;
    if (inner < quads) {
      dq_store(start, inner, sums[i]);
    }
  }
}
