// Index of the first largest value of a row; NaN is passed over unless it comes first.

#import row-fold

var<workgroup> row_places: array<u32, group_size>;

fn run_row(row: u32, inside: bool, thread: u32, lane: u32) {
  let start = row * columns;
  let first = x[start];
  var most = first;
  var place = 0u;
  for (var column = lane; column < columns; column += lanes) {
    let value = x[start + column];
    if (value > most) {
      most = value;
      place = column;
    }
  }
  row_parts[thread] = most;
  row_places[thread] = place;
  for (var step = lanes / 2u; step > 0u; step = step / 2u) {
    workgroupBarrier();
    if (lane < step) {
      let other = row_parts[thread + step];
      let other_place = row_places[thread + step];
      if (other > row_parts[thread] || (other == row_parts[thread] && other_place < row_places[thread])) {
        row_parts[thread] = other;
        row_places[thread] = other_place;
      }
    }
  }
  if (inside && lane == 0u) {
    y[row] = select(i32(row_places[thread]), 0i, is_nan(first));
  }
}
