// C = op(A) · op(B) on matrices of subgroups: f16 operands, f32 sums. Four subgroups of 32 threads make a tile of 64 x 64, each a
// quarter of it in results of matrix_m x matrix_n. No subgroup arithmetic beside matrices: drivers crash on modules that have both.
// Types name columns first: left is [matrix_m, matrix_k], right [matrix_k, matrix_n], result [matrix_m, matrix_n].

#import tile-place

alias Left = subgroup_matrix_left<f16, matrix_k, matrix_m>;
alias Right = subgroup_matrix_right<f16, matrix_n, matrix_k>;
alias Sums = subgroup_matrix_result<f32, matrix_n, matrix_m>;

const rows_of_results = 32u / matrix_m;
const columns_of_results = 32u / matrix_n;
const result_size = matrix_m * matrix_n;

var<workgroup> tile_a: array<f16, 64u * tile_k>;
var<workgroup> tile_b: array<f16, tile_k * 64u>;
var<workgroup> results: array<f32, 4u * result_size>;

#if sized
@compute @workgroup_size(128) @subgroup_size(32)
#else
@compute @workgroup_size(128)
#endif
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let number = group.x + group.y * grid_width;
  let tile = tile_place(number % (tiles_n * tiles_m));
  let tile_column = tile.x * 64u;
  let tile_row = tile.y * 64u;
  let batch = number / (tiles_n * tiles_m);
  let quarter = thread / 32u;
  let first_row = quarter / 2u * 32u;
  let first_column = quarter % 2u * 32u;

  var sums: array<Sums, rows_of_results * columns_of_results>;
  for (var at = 0u; at < k; at += tile_k) {
    for (var block = thread; block < 16u * (tile_k / 4u); block += 128u) {
      let outer = block % 16u * 4u;
      let inner = block / 16u * 4u;
      let a = a_block(batch, tile_row + outer, at + inner);
      let b = b_block(batch, tile_column + outer, at + inner);
      for (var step = 0u; step < 4u; step++) {
        for (var lane = 0u; lane < 4u; lane++) {
          tile_a[(outer + lane) * tile_k + inner + step] = f16(a[step][lane]);
          tile_b[(inner + step) * 64u + outer + lane] = f16(b[step][lane]);
        }
      }
    }
    workgroupBarrier();
    for (var inner = 0u; inner < tile_k; inner += matrix_k) {
      for (var i = 0u; i < rows_of_results; i++) {
#if layouts
        let left = subgroupMatrixLoad<Left, row_major>(&tile_a, (first_row + i * matrix_m) * tile_k + inner, tile_k);
#else
        let left = subgroupMatrixLoad<Left>(&tile_a, (first_row + i * matrix_m) * tile_k + inner, false, tile_k);
#endif
        for (var j = 0u; j < columns_of_results; j++) {
#if layouts
          let right = subgroupMatrixLoad<Right, row_major>(&tile_b, inner * 64u + first_column + j * matrix_n, 64u);
#else
          let right = subgroupMatrixLoad<Right>(&tile_b, inner * 64u + first_column + j * matrix_n, false, 64u);
#endif
          let place = i * columns_of_results + j;
          sums[place] = subgroupMatrixMultiplyAccumulate(left, right, sums[place]);
        }
      }
    }
    workgroupBarrier();
  }

  for (var i = 0u; i < rows_of_results; i++) {
    for (var j = 0u; j < columns_of_results; j++) {
#if layouts
      subgroupMatrixStore<row_major>(&results, quarter * result_size, sums[i * columns_of_results + j], matrix_n);
#else
      subgroupMatrixStore(&results, quarter * result_size, sums[i * columns_of_results + j], false, matrix_n);
#endif
      workgroupBarrier();
      for (var quad = thread % 32u; quad < result_size / 4u; quad += 32u) {
        let row = tile_row + first_row + i * matrix_m + quad * 4u / matrix_n;
        let column = tile_column + first_column + j * matrix_n + quad * 4u % matrix_n;
        if (row < m && column < n) {
          let start = quarter * result_size + quad * 4u;
          store(batch, row, column, vec4f(results[start], results[start + 1u], results[start + 2u], results[start + 3u]));
        }
      }
      workgroupBarrier();
    }
  }
}
