// C = op(A) · op(B) by tiles: a workgroup of 64 threads brings a tile of A and one of B into workgroup memory, each thread keeps a
// block of C in registers. Operands are met in blocks of 4 x 4 (`a_block`, `b_block`), whatever their layout and format; k may be
// cut into `splits` ranges, whose sums a second stage adds (fold-splits.wgsl).
// Sizes: m, n, k, batches; tile_m = 8 · rows_per_thread, tile_n = 8 · columns_per_thread, tile_k.

#import tile-place

const quads_m = tile_m / 4u;
const quads_n = tile_n / 4u;
const quads_k = tile_k / 4u;
const row_quads = rows_per_thread / 4u;
const column_quads = columns_per_thread / 4u;

#if half_operands
alias Operand = vec4<f16>;
#else
alias Operand = vec4f;
#endif

// Four neighbours along m, or along n, for each k.
var<workgroup> tile_a: array<Operand, tile_k * quads_m>;
var<workgroup> tile_b: array<Operand, tile_k * quads_n>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let number = group.x + group.y * grid_width;
  let tile = tile_place(number % (tiles_n * tiles_m));
  let tile_column = tile.x;
  let tile_row = tile.y;
  let slab = number / (tiles_n * tiles_m);
  let batch = slab / splits;
  let split = slab % splits;
  let first_k = split * split_k;
  let end_k = min(k, first_k + split_k);
  let thread_row = thread / 8u;
  let thread_column = thread % 8u;

  var sums: array<array<vec4f, column_quads>, rows_per_thread>;
  for (var at = first_k; at < end_k; at += tile_k) {
    for (var block = thread; block < quads_m * quads_k; block += 64u) {
      let quad = block % quads_m;
      let inner = block / quads_m * 4u;
      let values = a_block(batch, tile_row * tile_m + quad * 4u, at + inner);
      for (var lane = 0u; lane < 4u; lane++) {
        tile_a[(inner + lane) * quads_m + quad] = Operand(values[lane]);
      }
    }
    for (var block = thread; block < quads_n * quads_k; block += 64u) {
      let quad = block % quads_n;
      let inner = block / quads_n * 4u;
      let values = b_block(batch, tile_column * tile_n + quad * 4u, at + inner);
      for (var lane = 0u; lane < 4u; lane++) {
        tile_b[(inner + lane) * quads_n + quad] = Operand(values[lane]);
      }
    }
    workgroupBarrier();
    for (var inner = 0u; inner < tile_k; inner++) {
      var b: array<vec4f, column_quads>;
      for (var j = 0u; j < column_quads; j++) {
        b[j] = vec4f(tile_b[inner * quads_n + thread_column + j * 8u]);
      }
      for (var i = 0u; i < row_quads; i++) {
        let a = vec4f(tile_a[inner * quads_m + thread_row + i * 8u]);
        for (var lane = 0u; lane < 4u; lane++) {
          for (var j = 0u; j < column_quads; j++) {
            sums[i * 4u + lane][j] = fma(vec4f(a[lane]), b[j], sums[i * 4u + lane][j]);
          }
        }
      }
    }
    workgroupBarrier();
  }

  for (var i = 0u; i < rows_per_thread; i++) {
    let row = tile_row * tile_m + (thread_row + i / 4u * 8u) * 4u + i % 4u;
    for (var j = 0u; j < column_quads; j++) {
      let column = tile_column * tile_n + (thread_column + j * 8u) * 4u;
      if (row < m && column < n) {
        store(slab, row, column, sums[i][j]);
      }
    }
  }
}
