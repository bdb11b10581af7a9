// For every row, its log-sum-exp and Σ o · dout, which both passes of the backward need side by side.

#import attention-common
#import flat

fn run(index: u32) {
  let query = index % queries;
  let head = index / queries % heads;
  let batch = index / (queries * heads);
  let start = (batch * queries + query) * heads + head;
  var product = 0f;
  for (var inner = 0u; inner < quads; inner++) {
    product += dot(o_quad(start, inner), dout_quad(start, inner));
  }
  row_values[index] = vec2f(log_sum_exp[index], product);
}
