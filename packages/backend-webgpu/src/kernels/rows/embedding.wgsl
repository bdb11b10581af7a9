// Rows of a stored table by their ids, four columns a thread; an id outside the table gives zeros. Rows first_row to end_row are bound.

#import flat

fn run(index: u32) {
  let place = index / quads;
  let column = index % quads * 4u;
  let id = ids[place];
  var value = vec4f();
  if (id >= i32(first_row) && id < i32(end_row)) {
    value = decode((u32(id) - first_row) * columns + column);
  } else {
#if zeros
    if (id >= 0i && id < i32(rows)) {
      return;
    }
#else
    return;
#endif
  }
  for (var lane = 0u; lane < 4u && column + lane < columns; lane++) {
    y[place * columns + column + lane] = value[lane];
  }
}
