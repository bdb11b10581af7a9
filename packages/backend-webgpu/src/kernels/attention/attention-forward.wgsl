// Attention forward with online softmax (Dao, FlashAttention-2, arXiv 2307.08691, algorithm 1): 16 rows, four threads each, go over
// blocks of keys.
//   m' = max(m, max_s x_s);  l' = l e^(m - m') + Σ_s e^(x_s - m');  o' = o e^(m - m') + Σ_s e^(x_s - m') v_s;  lse = m + ln l

#import attention-blocks

var<workgroup> scores: array<f32, 16u * block>;
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
  let inside = first_row + own < rows;
  let query = query_of(row);
  let head = head_of(key_head, row);
  let start = row_start(batch, key_head, row);

  if (thread == 0u) {
    key_limit = last_key(batch, query_of(min(first_row + 15u, rows - 1u)));
  }
  let end = workgroupUniformLoad(&key_limit);
  begin_blocks(thread);
  var most = hidden_score;
  var total = 0f;
  var sums: array<vec4f, own_quads>;
  for (var first = 0u; first < end; first += block) {
    let seen = keys_seen(batch, query, first, lane);
    if (!any_seen(first, seen, thread)) {
      continue;
    }
    load_keys(batch, key_head, first, thread);
    workgroupBarrier();
    var own_scores: array<f32, block / 4u>;
    for (var j = 0u; j < block / 4u; j++) {
      let key = first + lane + j * 4u;
      var value = hidden_score;
      if ((seen & (1u << j)) != 0u) {
        var product = 0f;
        for (var inner = 0u; inner < quads; inner++) {
          product += dot(q_quad(start, inner), first_tile[(lane + j * 4u) * quads + inner]);
        }
        value = score(product, batch, head, query, key);
      }
      own_scores[j] = value;
      scores[own * block + lane + j * 4u] = value;
    }
    workgroupBarrier();
    var largest = most;
    for (var j = 0u; j < block; j++) {
      largest = max(largest, scores[own * block + j]);
    }
    let shrink = exp_of(most - largest);
    most = largest;
    workgroupBarrier();
    for (var j = 0u; j < block / 4u; j++) {
      scores[own * block + lane + j * 4u] = select(exp_of(own_scores[j] - largest), 0f, own_scores[j] <= -2.9e38f);
    }
    workgroupBarrier();
    total *= shrink;
    for (var i = 0u; i < own_quads; i++) {
      sums[i] *= shrink;
    }
    for (var j = 0u; j < block; j++) {
      let weight = scores[own * block + j];
      total += weight;
      for (var i = 0u; i < own_quads; i++) {
        let inner = lane + i * 4u;
        if (inner < quads) {
          sums[i] = fma(vec4f(weight), second_tile[j * quads + inner], sums[i]);
        }
      }
    }
    workgroupBarrier();
  }
  if (!inside) {
    return;
  }
  for (var i = 0u; i < own_quads; i++) {
    let inner = lane + i * 4u;
    if (inner < quads) {
      o_store(start, inner, select(sums[i] / total, vec4f(), total == 0f));
    }
  }
  if (lane == 0u) {
    log_sum_exp[row_place(batch, key_head, row)] = select(most + log_of(total), -infinity(), total == 0f);
  }
}
