// dq, dk and dv; weights are computed again from the log-sum-exp. A workgroup has 16 rows, which go over blocks of keys, or 16 keys,
// which go over blocks of the rows that read them, in ascending order, four threads each. Those of one key head are neighbours, so that
// a cache holds what they share.
//   p = e^(x - lse);  dx = p · (dout · v - Σ o · dout);  dq = Σ_s dx_s · scale · k_s;  dk = Σ_r dx_r · scale · q_r;  dv = Σ_r p_r · dout_r

#import attention-blocks

var<workgroup> slopes: array<f32, 16u * block>;
var<workgroup> weights: array<f32, 16u * block>;
#if queries_gradient
var<workgroup> key_limit: u32;

fn query_gradient(batch: u32, key_head: u32, first_row: u32, thread: u32) {
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
  begin_blocks(thread);
  var sums: array<vec4f, own_quads>;
  for (var first = 0u; first < end; first += block) {
    let seen = keys_seen(batch, query, first, lane);
    if (!any_seen(first, seen, thread)) {
      continue;
    }
    load_keys(batch, key_head, first, thread);
    workgroupBarrier();
    for (var j = 0u; j < block / 4u; j++) {
      let place = lane + j * 4u;
      var slope = 0f;
      if ((seen & (1u << j)) != 0u) {
        var product = 0f;
        var dweight = 0f;
        for (var inner = 0u; inner < quads; inner++) {
          product += dot(q_quad(start, inner), first_tile[place * quads + inner]);
          dweight += dot(dout_quad(start, inner), second_tile[place * quads + inner]);
        }
        let weight = exp_of(score(product, batch, head, query, first + place) - known.x);
        slope = weight * (dweight - known.y) * score_slope(product);
      }
      slopes[own * block + place] = slope;
    }
    workgroupBarrier();
    for (var j = 0u; j < block; j++) {
      let slope = slopes[own * block + j];
      for (var i = 0u; i < own_quads; i++) {
        let inner = lane + i * 4u;
        if (inner < quads) {
          sums[i] = fma(vec4f(slope), first_tile[j * quads + inner], sums[i]);
        }
      }
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < own_quads && first_row + own < rows; i++) {
    let inner = lane + i * 4u;
    if (inner < quads) {
      dq_store(start, inner, sums[i]);
    }
  }
}
#endif

#if over_keys
fn key_gradient(batch: u32, key_head: u32, first_key: u32, thread: u32) {
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
  begin_blocks(thread);
  for (var first = first_row(first_key); first < rows; first += block) {
    var seen = 0u;
    for (var j = 0u; j < block / 4u; j++) {
      let row = first + lane + j * 4u;
      if (row < rows && visible(batch, query_of(row), key)) {
        seen |= 1u << j;
      }
    }
    if (!any_seen(first, seen, thread)) {
      continue;
    }
    for (var index = thread; index < block * quads; index += 64u) {
      let row = first + index / quads;
      let inner = index % quads;
      if (row < rows) {
        let place = row_start(batch, key_head, row);
        first_tile[index] = q_quad(place, inner);
        second_tile[index] = dout_quad(place, inner);
      } else {
        first_tile[index] = vec4f();
        second_tile[index] = vec4f();
      }
    }
    workgroupBarrier();
    for (var j = 0u; j < block / 4u; j++) {
      let i = lane + j * 4u;
      let row = first + i;
      var weight = 0f;
      var slope = 0f;
      if ((seen & (1u << j)) != 0u) {
        let known = row_values[row_place(batch, key_head, row)];
        var product = 0f;
        for (var inner = 0u; inner < quads; inner++) {
          product += dot(first_tile[i * quads + inner], k_quad(start, inner));
        }
        weight = exp_of(score(product, batch, head_of(key_head, row), query_of(row), key) - known.x);
#if keys_gradient
        var dweight = 0f;
        for (var inner = 0u; inner < quads; inner++) {
          dweight += dot(second_tile[i * quads + inner], v_quad(start, inner));
        }
        slope = weight * (dweight - known.y) * score_slope(product);
#endif
      }
#if values_gradient
      weights[own * block + i] = weight;
#endif
      slopes[own * block + i] = slope;
    }
    workgroupBarrier();
    for (var i = 0u; i < block; i++) {
      for (var j = 0u; j < own_quads; j++) {
        let inner = lane + j * 4u;
        if (inner < quads) {
#if keys_gradient
          key_sums[j] = fma(vec4f(slopes[own * block + i]), first_tile[i * quads + inner], key_sums[j]);
#endif
#if values_gradient
          value_sums[j] = fma(vec4f(weights[own * block + i]), second_tile[i * quads + inner], value_sums[j]);
#endif
        }
      }
    }
    workgroupBarrier();
  }
  for (var j = 0u; j < own_quads && first_key + own < keys; j++) {
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

#endif

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let number = workgroup.x + workgroup.y * grid_width;
  let part = number % blocks_of_head;
  let key_head = number / blocks_of_head % key_heads;
  let batch = number / (blocks_of_head * key_heads);
#if queries_gradient
  if (part < own_row_blocks) {
    query_gradient(batch, key_head, part * 16u, thread);
    return;
  }
#endif
#if over_keys
  key_gradient(batch, key_head, (part - own_row_blocks) * 16u, thread);
#endif
}
