// dk and dv: 16 keys, four threads each, go over blocks of the rows that read them, in ascending order.
//   dv = Σ_r p_r · dout_r;  dk = Σ_r dx_r · scale · q_r

#import attention-common

var<workgroup> query_tile: array<vec4f, block * quads>;
var<workgroup> cotangent_tile: array<vec4f, block * quads>;
var<workgroup> weights: array<f32, 16u * block>;
var<workgroup> slopes: array<f32, 16u * block>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let number = workgroup.x + workgroup.y * grid_width;
  let first_key = number % key_blocks * 16u;
  let key_head = number / key_blocks % key_heads;
  let batch = number / (key_blocks * key_heads);
  let own = thread / 4u;
  let lane = thread % 4u;
  let key = min(first_key + own, keys - 1u);
  let start = key_start(batch, key_head, key);

#if keys_gradient
  var key_sums: array<vec4f, own_quads>;
#endif
#if values_gradient
  var value_sums: array<vec4f, own_quads>;
#endif
  for (var first = first_row(first_key); first < rows; first += block) {
    for (var index = thread; index < block * quads; index += 64u) {
      let row = first + index / quads;
      let inner = index % quads;
      if (row < rows) {
        let place = row_start(batch, key_head, row);
        query_tile[index] = q_quad(place, inner);
        cotangent_tile[index] = dout_quad(place, inner);
      } else {
        query_tile[index] = vec4f();
        cotangent_tile[index] = vec4f();
      }
    }
    workgroupBarrier();
    for (var i = lane; i < block; i += 4u) {
      let row = first + i;
      var weight = 0f;
      var slope = 0f;
      if (row < rows && visible(batch, query_of(row), key)) {
        let known = row_values[row_place(batch, key_head, row)];
        var product = 0f;
        for (var inner = 0u; inner < quads; inner++) {
          product += dot(query_tile[i * quads + inner], k_quad(start, inner));
        }
        weight = exp_of(score(product, batch, head_of(key_head, row), query_of(row), key) - known.x);
#if keys_gradient
        var dweight = 0f;
        for (var inner = 0u; inner < quads; inner++) {
          dweight += dot(cotangent_tile[i * quads + inner], v_quad(start, inner));
        }
        slope = weight * (dweight - known.y) * score_slope(product);
#endif
      }
      weights[own * block + i] = weight;
      slopes[own * block + i] = slope;
    }
    workgroupBarrier();
    for (var i = 0u; i < block; i++) {
      for (var j = 0u; j < own_quads; j++) {
        let inner = lane + j * 4u;
        if (inner < quads) {
#if keys_gradient
          key_sums[j] = fma(vec4f(slopes[own * block + i]), query_tile[i * quads + inner], key_sums[j]);
#endif
#if values_gradient
          value_sums[j] = fma(vec4f(weights[own * block + i]), cotangent_tile[i * quads + inner], value_sums[j]);
#endif
        }
      }
    }
    workgroupBarrier();
  }
  if (first_key + own >= keys) {
    return;
  }
  for (var j = 0u; j < own_quads; j++) {
    let inner = lane + j * 4u;
    if (inner < quads) {
#if keys_gradient
      dk_store(start, inner, key_sums[j]);
#endif
#if values_gradient
      dv_store(start, inner, value_sums[j]);
#endif
    }
  }
}
