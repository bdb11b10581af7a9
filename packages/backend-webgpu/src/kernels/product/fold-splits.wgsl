// Adds the ranges of k of a product in ascending order, four neighbours of a row a thread, and applies the epilogue.

#import flat

const quads = (n + 3u) / 4u;

fn run(index: u32) {
  let column = index % quads * 4u;
  let row = index / quads % m;
  let batch = index / (quads * m);
  var sum = vec4f();
  for (var split = 0u; split < splits; split++) {
    let start = ((batch * splits + split) * m + row) * n + column;
#if wide
    sum += partial_sums[start / 4u];
#else
    for (var lane = 0u; lane < 4u && column + lane < n; lane++) {
      sum[lane] += partial_sums[start + lane];
    }
#endif
  }
  store(batch, row, column, sum);
}
